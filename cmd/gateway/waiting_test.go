package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/config"
)

// check loads the linear model from a pool as `gateway check` does, with so much
// patience.
func check(t *testing.T, files map[string]string, p config.Pool, patience time.Duration) error {
	t.Helper()
	g := composeFixture(t, files, func(cfg *config.Config) { toPool(cfg, p) }, fillArithmetic)
	g.patience = patience
	return g.load(t.Context())
}

func TestACheckDoesNotWaitForServersToFitAModelYAMLThatIsWrong(t *testing.T) {
	files := distant(t)
	const path = "models/linear/1/model.yaml"
	files[path] = strings.Replace(files[path], "user_stats.tens", "user_stats.ten", 1)
	err := check(t, files, over(oip.GRPC, oiptest.Start(t, oiptest.Config{})), time.Hour)
	if !errors.Is(err, errInvalid) || !strings.Contains(err.Error(), path+":2:24: inputs.x.columns[0]: ") {
		t.Errorf("got %v", err)
	}
}

func TestACheckThatWaitedInVainSaysWhatIsWrongWithTheServers(t *testing.T) {
	out, other := over(oip.GRPC), over(oip.HTTP, oiptest.Start(t, oiptest.Config{Model: "other"}))
	out.Servers.Endpoints = []string{childtest.FreeAddress(t)}
	for words, p := range map[string]config.Pool{
		" over grpc: connection error: ": out,
		" over http: status 404: ":       other,
	} {
		err := check(t, distant(t), p, 300*time.Millisecond)
		want := "\n  pools.gpu: " + p.Servers.Endpoints[0] + words
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "waited for 300ms") {
			t.Errorf("got %v\nwant it to say %s", err, want)
		}
	}
}

func TestACheckWaitsForAllVersionsTogether(t *testing.T) {
	files := distant(t)
	files["models/linear/2/model.yaml"] = files["models/linear/1/model.yaml"]
	p := over(oip.GRPC)
	p.Servers.Endpoints = []string{childtest.FreeAddress(t)}
	err := check(t, files, p, 100*time.Millisecond)
	for _, version := range []string{"version 1: waited", "version 2: waited"} {
		if err == nil || !strings.Contains(err.Error(), version) {
			t.Errorf("got %v\nwant it to say %s", err, version)
		}
	}
}
