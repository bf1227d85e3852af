package oip_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/backends/pool"
)

// pooled returns a caller over three servers, and the servers.
func pooled(t *testing.T, protocol oip.Protocol, server oiptest.Config) (*oip.Pooled, []*oiptest.Server) {
	t.Helper()
	cfg := pool.DefaultConfig()
	cfg.Name, cfg.Probe.Every = "gpu", 10*time.Millisecond
	var servers []*oiptest.Server
	for range 3 {
		s := oiptest.Start(t, server)
		address := s.GRPC
		if protocol == oip.HTTP {
			address = s.HTTP
		}
		servers, cfg.Endpoints = append(servers, s), append(cfg.Endpoints, address)
	}
	p, err := pool.New(cfg, &oip.Dialer{Protocol: protocol, Config: oip.Config{Pool: "gpu"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	await(t, "all servers take calls", func() bool {
		all := p.Stats().Servers
		return len(all) == 3 && !slices.ContainsFunc(all, func(s pool.ServerStats) bool { return s.State != pool.Well })
	})
	return oip.NewPooled(p), servers
}

func TestAPoolScoresWhateverOneServerDoes(t *testing.T) {
	faults := map[string]oiptest.Faults{
		"well": {}, "truncates": {Truncate: true}, "resets": {Reset: true}, "fails": {Status: http.StatusInternalServerError},
		"dies": {BlackHole: true}, "delays": {Delay: 100 * time.Millisecond, DelayFraction: 0.5},
	}
	for _, protocol := range []oip.Protocol{oip.HTTP, oip.GRPC} {
		for name, f := range faults {
			t.Run(fmt.Sprintf("%v/%s", protocol, name), func(t *testing.T) {
				caller, servers := pooled(t, protocol, oiptest.Config{Workers: 2})
				servers[0].Set(f)
				var all sync.WaitGroup
				for range 2 {
					p := pass(t, caller, linear, 100)
					all.Go(func() { report(t, name, p) })
				}
				all.Wait()
			})
		}
	}
}

// scoreMany runs passes and returns how many of them failed. None may have a wrong
// score.
func scoreMany(t *testing.T, p *oip.Pass, passes int) (failed int, last error) {
	for n := range passes {
		rows := 1 + n%100
		perUnit := fill(p, rows)
		got, err := p.Run(rows, 1, time.Now().Add(500*time.Millisecond))
		if err != nil {
			failed, last = failed+1, err
			continue
		}
		for i := range got {
			if got[i] != float32(i)*perUnit {
				t.Errorf("row %d scores %v; want %v", i, got[i], float32(i)*perUnit)
				return failed, last
			}
		}
	}
	return failed, last
}

func report(t *testing.T, fault string, p *oip.Pass) {
	const passes = 150
	if failed, last := scoreMany(t, p, passes); failed > passes/10 {
		t.Errorf("a server that %s: %d of %d passes failed, the last with %v", fault, failed, passes, last)
	}
}
