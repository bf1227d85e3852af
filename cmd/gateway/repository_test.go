package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/router"
)

func TestALoadFailsWhenNoServerOfSeveralPoolsIsWell(t *testing.T) {
	first, second := oiptest.Start(t, oiptest.Config{}), oiptest.Start(t, oiptest.Config{})
	f := startDistant(t, over(oip.GRPC, first), func(cfg *config.Config) {
		cfg.Listen.RepositoryControl = true
		cfg.Pools["spare"] = over(oip.GRPC, second)
		cfg.Routes["linear"] = router.Route{RunOn: []string{"gpu", "spare"}}
	})
	for _, s := range []*oiptest.Server{first, second} {
		s.Set(oiptest.Faults{Status: http.StatusServiceUnavailable})
	}
	until(func() bool { return f.well("gpu")+f.well("spare") == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := f.models.Load(ctx, "linear")
	if err == nil || !strings.Contains(err.Error(), "none of the 1 servers of pool") || ctx.Err() != nil {
		t.Errorf("Load() = %v, %v; want that no server is well, at once", err, ctx.Err())
	}
}

func TestAVersionThatServersDisagreeAboutTakesNoneOfThemOut(t *testing.T) {
	wide := []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{-1, 5}}}
	addresses := []string{childtest.FreeAddress(t), childtest.FreeAddress(t)} // the first of two that are alike is asked first
	slices.Sort(addresses)
	right := oiptest.Start(t, oiptest.Config{GRPC: addresses[0]})
	wrong := oiptest.Start(t, oiptest.Config{GRPC: addresses[1], Inputs: wide})
	f := startDistant(t, over(oip.GRPC, right, wrong), func(cfg *config.Config) { cfg.Listen.RepositoryControl = true })
	f.v2(t, "POST", "/repository/models/linear/unload", "", 200, nil)
	until(func() bool { return f.well("gpu") == 2 })
	f.v2(t, "POST", "/repository/models/linear/load", "", 400, nil)
	probes := wrong.Stats().Probes
	until(func() bool { return wrong.Stats().Probes > probes+4 })
	if n := f.well("gpu"); n != 2 {
		t.Errorf("%d servers are well after a load that failed; want 2", n)
	}
}

func TestNothingIsLoadedBeforeTheGatewayIsReady(t *testing.T) {
	g := composeFixture(t, arithmetic(t), nothing, fillArithmetic)
	if err := g.models.Load(t.Context(), "sum"); err == nil || !strings.Contains(err.Error(), "not ready") {
		t.Errorf("Load() = %v; want that the gateway is not ready", err)
	}
	if err := g.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.models.Load(t.Context(), "sum"); err != nil {
		t.Error(err)
	}
}

func TestNamesOfModelsThatAreNotThereAreNotKept(t *testing.T) {
	g := buildFixture(t, arithmetic(t), nothing, fillArithmetic)
	for _, name := range []string{"a", "b", "c"} {
		if err := g.models.Load(t.Context(), name); err == nil {
			t.Errorf("model %s was loaded", name)
		}
	}
	if n := len(g.models.reasons); n != 0 {
		t.Errorf("%d names are kept", n)
	}
}

// well is how many servers of a pool take calls.
func (g *gateway) well(name string) (n int) {
	for _, s := range g.places[name].stats().Servers {
		if s.State == pool.Well {
			n++
		}
	}
	return n
}
