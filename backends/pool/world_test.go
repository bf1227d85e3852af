package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rankgate/rankgate/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// behaviour is what a fake server does to a call.
type behaviour struct {
	takes       time.Duration // before it answers
	err         error
	unprocessed bool
	deaf        bool // goes on after the call was cancelled, and answers
	unready     bool // its probes fail
}

var (
	well       = behaviour{takes: 2 * time.Millisecond}
	black      = behaviour{takes: time.Hour, unready: true}
	broken     = behaviour{takes: time.Millisecond, err: rank.Errorf(rank.Unavailable, "HTTP 503")}
	unreached  = behaviour{err: rank.Errorf(rank.Unavailable, "connection refused"), unprocessed: true}
	overloaded = behaviour{takes: time.Millisecond, err: rank.Errorf(rank.Overloaded, "HTTP 429")}
	choosy     = behaviour{takes: time.Millisecond, err: rank.Errorf(rank.InvalidRequest, "HTTP 400")}
)

func slow(d time.Duration) behaviour { return behaviour{takes: d} }

// fakeServer behaves as it is told. It is its own client.
type fakeServer struct {
	address string
	now     atomic.Pointer[behaviour]
	sends   atomic.Int64
	open    atomic.Bool
}

func (s *fakeServer) be(b behaviour) { s.now.Store(&b) }

// serve is what Send of most tests is.
func (s *fakeServer) serve(ctx context.Context, a *Attempt) (*answer, error) {
	s.sends.Add(1)
	if !s.open.Load() {
		panic("a call through a closed client of " + s.address)
	}
	b := s.now.Load()
	a.Unprocessed = b.unprocessed
	if b.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	timer := time.NewTimer(b.takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, fmt.Errorf("aborted: %w", ctx.Err())
	}
	if b.err != nil {
		return nil, b.err
	}
	return &answer{by: s, extra: a.Extra}, nil
}

// answer is a result, and what became of it.
type answer struct {
	by        *fakeServer
	extra     bool
	discarded atomic.Int64
}

// world is some fake servers. It is the Dialer that finds them by address.
type world struct {
	mu      sync.Mutex
	servers map[string]*fakeServer
	list    []*fakeServer
	dialed  atomic.Int64
}

func newWorld(servers int) *world {
	w := &world{servers: map[string]*fakeServer{}}
	for i := range servers {
		s := &fakeServer{address: fmt.Sprintf("10.0.0.%d:8001", i+1)}
		s.be(well)
		w.list = append(w.list, s)
		w.servers[s.address] = s
	}
	return w
}

func (w *world) Dial(address, _ string) (*fakeServer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.servers[address]
	if s == nil {
		return nil, errors.New("no such server")
	}
	w.dialed.Add(1)
	s.open.Store(true)
	return s, nil
}

func (w *world) Close(s *fakeServer) error {
	if !s.open.Swap(false) {
		return errors.New("closed twice")
	}
	return nil
}

func (w *world) Probe(ctx context.Context, s *fakeServer) error {
	b := s.now.Load()
	if !b.unready {
		return nil
	}
	if b.err == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return b.err
}

// config is the default for all servers of the world, with random numbers that are
// the same each time.
func (w *world) config() Config {
	cfg := DefaultConfig()
	cfg.Name = "gpu"
	for _, s := range w.list {
		cfg.Endpoints = append(cfg.Endpoints, s.address)
	}
	var mu sync.Mutex
	source := rand.New(rand.NewPCG(1, 2))
	cfg.random = func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return source.Float64()
	}
	return cfg
}

// start makes a pool and waits until it knows all servers.
func (w *world) start(tb testing.TB, cfg Config) *Pool[*fakeServer] {
	tb.Helper()
	p, err := New(cfg, w, quiet())
	if err != nil {
		tb.Fatal(err)
	}
	for len(p.view.Load().known) < len(w.list) {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if len(p.view.Load().known) < len(w.list) {
			<-changed
		}
	}
	return p
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func stop(tb testing.TB, p *Pool[*fakeServer]) {
	tb.Helper()
	if err := p.Close(); err != nil {
		tb.Error(err)
	}
}

func aCall() *Call[*fakeServer, *answer] {
	return &Call[*fakeServer, *answer]{
		Rows: 50, Idempotent: true, Hedge: true,
		Send:    func(ctx context.Context, s *fakeServer, a *Attempt) (*answer, error) { return s.serve(ctx, a) },
		Discard: func(a *answer) { a.discarded.Add(1) },
	}
}

func ask(p *Pool[*fakeServer], budget time.Duration) (*answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	return Do(ctx, p, aCall())
}

// flood sends a call every gap for some time, each on its own goroutine, and
// returns how many answers came and failed once all are over.
func flood(p *Pool[*fakeServer], lasts, gap, budget time.Duration) (ok, failed int64) {
	var wg sync.WaitGroup
	var good, bad atomic.Int64
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(gap) {
		wg.Go(func() {
			if _, err := ask(p, budget); err != nil {
				bad.Add(1)
			} else {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	return good.Load(), bad.Load()
}

func (p *Pool[C]) stateOf(address string) State {
	for _, s := range p.Stats().Servers {
		if s.Address == address {
			return s.State
		}
	}
	return NumStates
}

// errorOf returns what the latest probe of a server failed with.
func (p *Pool[C]) errorOf(address string) error {
	for _, s := range p.Stats().Servers {
		if s.Address == address {
			return s.Err
		}
	}
	return nil
}
