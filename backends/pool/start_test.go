package pool

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

func TestBeforeTheFirstProbeCallsAreRefusedForWantOfAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		w.all(black)
		p, err := New(w.config(), w, quiet())
		if err != nil {
			t.Fatal(err)
		}
		defer stop(t, p)
		var wg sync.WaitGroup
		for range 15 {
			wg.Go(func() {
				if _, err := ask(p, usual); codeOf(err) != rank.Unavailable {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if n := p.Stats().Limited; n != 0 {
			t.Errorf("%d calls met a limit", n)
		}
	})
}

func TestTheFirstCallsOfAPoolAreServedThoughTheyComeAtOnce(t *testing.T) {
	for servers := 1; servers <= 3; servers++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(servers)
			p := w.start(t, w.config())
			defer stop(t, p)
			var wg sync.WaitGroup
			for range 25 * servers {
				wg.Go(func() {
					call := aCall()
					call.Share = rank.Critical.Share()
					ctx, cancel := context.WithTimeout(t.Context(), usual)
					defer cancel()
					if _, err := Do(ctx, p, call); err != nil {
						t.Errorf("%d servers: %v", servers, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestTightBudgetsDoNotEjectAServerOfWhichLittleIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		p := w.start(t, w.config())
		defer stop(t, p)
		w.all(slow(20 * ms))
		for range 3 { // not enough for a percentile
			if _, err := ask(p, usual); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 {
			_, _ = ask(p, 10*ms)
		}
		if state := p.stateOf(w.list[0].address); state != Well || p.Stats().Servers[0].Failures > 0 {
			t.Errorf("the server is %v: %+v", state, p.Stats().Servers[0])
		}
		w.all(slow(time.Hour))
		for range failuresInRow {
			_, _ = ask(p, usual)
		}
		if state := p.stateOf(w.list[0].address); state != Ejected {
			t.Errorf("after %d calls without an answer in 50 ms the server is %v", failuresInRow, state)
		}
	})
}

func TestAServerWithAnAddressDoesNotWaitForANameThatIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		cfg := w.config()
		cfg.Endpoints = append(cfg.Endpoints, "triton.models:8001")
		cfg.lookup = func(ctx context.Context, _ string) ([]net.IP, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		began := time.Now()
		p := w.start(t, cfg)
		defer stop(t, p)
		if took := time.Since(began); took > 0 {
			t.Errorf("the server is known after %v", took)
		}
	})
}

// lingering probes take a while to notice that they are not wanted any more.
type lingering struct {
	*world
	t *testing.T
}

func (l lingering) Probe(ctx context.Context, s *fakeServer) error {
	<-ctx.Done()
	time.Sleep(10 * ms)
	if !s.open.Load() {
		l.t.Error("the client was closed while a probe used it")
	}
	return ctx.Err()
}

func TestAClientIsNotClosedWhileAProbeUsesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, n := newWorld(2), &names{}
		n.say(nil, "10.0.0.1", "10.0.0.2")
		cfg := w.config()
		cfg.Endpoints, cfg.lookup, cfg.Probe.Timeout = []string{"triton.models:8001"}, n.lookup, time.Hour
		p, err := New(cfg, lingering{w, t}, quiet())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		n.say(nil, "10.0.0.1")
		time.Sleep(6 * time.Second)
		if len(p.addresses()) != 1 || w.list[1].open.Load() {
			t.Errorf("servers %v; the client of the one that left is open: %v", p.addresses(), w.list[1].open.Load())
		}
		stop(t, p)
	})
}
