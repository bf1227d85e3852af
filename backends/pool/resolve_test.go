package pool

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// names is a resolver that says what it is told.
type names struct {
	mu  sync.Mutex
	ips []string
	err error
}

func (n *names) say(err error, ips ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ips, n.err = ips, err
}

func (n *names) lookup(context.Context, string) ([]net.IP, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var ips []net.IP
	for _, ip := range n.ips {
		ips = append(ips, net.ParseIP(ip))
	}
	return ips, n.err
}

func (p *Pool[C]) addresses() (all []string) {
	for _, s := range p.Stats().Servers {
		all = append(all, s.Address)
	}
	return all
}

func TestServersFollowTheNameWithoutTouchingCallsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, n := newWorld(3), &names{}
		n.say(nil, "10.0.0.1")
		cfg := w.config()
		cfg.Endpoints, cfg.lookup = []string{"triton.models:8001"}, n.lookup
		all := w.list
		w.list = all[:1]
		p := w.start(t, cfg)
		defer stop(t, p)

		n.say(nil, "10.0.0.1", "10.0.0.2", "10.0.0.3")
		flood(p, 20*time.Second, ms, usual)
		for _, s := range all {
			if s.sends.Load() < 1000 {
				t.Errorf("%s was sent %d calls", s.address, s.sends.Load())
			}
		}

		all[0].be(slow(20 * time.Second))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				call := aCall()
				call.Hedge = false
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				if _, err := Do(ctx, p, call); err != nil {
					t.Errorf("a call in flight: %v", err)
				}
			})
		}
		synctest.Wait()
		n.say(nil, "10.0.0.2")
		time.Sleep(10 * time.Second)
		if got := p.addresses(); len(got) != 1 || got[0] != all[1].address {
			t.Errorf("the servers are %v", got)
		}
		if !all[0].open.Load() || all[2].open.Load() {
			t.Errorf("client with a call open: %v; client without: %v", all[0].open.Load(), all[2].open.Load())
		}
		wg.Wait()
		if all[0].open.Load() {
			t.Error("the client is open after its last call")
		}
	})
}

func TestANameThatCannotBeLookedUpKeepsItsServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, n := newWorld(2), &names{}
		n.say(nil, "10.0.0.1", "10.0.0.2")
		cfg := w.config()
		cfg.Endpoints, cfg.lookup = []string{"triton.models:8001"}, n.lookup
		p := w.start(t, cfg)
		defer stop(t, p)
		n.say(errors.New("no such host"))
		time.Sleep(time.Minute)
		if got := p.addresses(); len(got) != 2 {
			t.Errorf("the servers are %v", got)
		}
	})
}

func TestAServerWithAddressesOfBothFamiliesIsOneServer(t *testing.T) {
	n := &names{}
	p := &Pool[int]{cfg: Config{lookup: n.lookup}}
	for want, ips := range map[string][]string{"127.0.0.1:8001": {"::1", "127.0.0.1"}, "[::1]:8001": {"::1"}} {
		n.say(nil, ips...)
		if got, err := p.lookup(t.Context(), "localhost:8001"); err != nil || len(got) != 1 || got[0] != (target{want, "localhost:8001"}) {
			t.Errorf("%v: got %v, %v", ips, got, err)
		}
	}
}

func TestReadyWaitsForTheFirstServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(2)
		w.all(behaviour{unready: true, err: broken.err})
		p, err := New(w.config(), w, quiet())
		if err != nil {
			t.Fatal(err)
		}
		defer stop(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := p.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if _, err := ask(p, usual); err == nil {
			t.Error("a server answered that no probe has found ready")
		}
		w.list[1].be(well)
		if err := p.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if got, err := ask(p, usual); err != nil || got.by != w.list[1] {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestAPoolThatIsClosedTakesNoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(2)
		p := w.start(t, w.config())
		stop(t, p)
		if _, err := ask(p, usual); err == nil {
			t.Error("an answer")
		}
		for _, s := range w.list {
			if s.open.Load() {
				t.Errorf("the client of %s is open", s.address)
			}
		}
	})
}
