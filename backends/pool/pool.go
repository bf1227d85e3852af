package pool

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Pool is the servers that hold the same models. C is what speaks to one of them.
type Pool[C any] struct {
	cfg    Config
	dialer Dialer[C]
	log    *slog.Logger
	began  time.Time // moments are counted from here
	random func() float64

	view    atomic.Pointer[view[C]] // replaced under mu, by remake
	limit   limiter
	tokens  tokens
	latency latency // of all servers, and of primaries alone
	counts  counters

	// doubted is when Fits first refused a call since one ended; 0 if it has not. Set by
	// whoever is refused, cleared by calls that end.
	doubted atomic.Int64

	mu      sync.Mutex // guards servers, and the making of views
	servers []*server[C]
	changed chan struct{} // closed when the next view is made

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// Dialer makes what speaks to a server, and asks whether the server is ready.
type Dialer[C any] interface {
	// Dial returns a client for the server at address, an IP address and a port, for
	// which the settings say endpoint: a name, perhaps, that stands in certificates
	// and virtual hosts. It does not wait for the server.
	Dial(address, endpoint string) (C, error)

	// Close is called once, when no call uses the client any more.
	Close(client C) error

	// Probe returns nil if the server is ready and holds what it should, and returns
	// soon once ctx has ended. No call is sent to a server before its first successful
	// probe.
	Probe(ctx context.Context, client C) error
}

// New returns a pool that looks for its servers and probes them until it is
// closed. It does not wait for them: see Ready.
func New[C any](cfg Config, d Dialer[C], log *slog.Logger) (*Pool[C], error) {
	if errs := cfg.Validate(); len(errs) > 0 {
		joined := make([]error, len(errs))
		for i, err := range errs {
			joined[i] = err
		}
		return nil, errors.Join(joined...)
	}
	p := &Pool[C]{
		cfg: cfg, dialer: d, log: log.With("pool", cfg.Name), began: time.Now(),
		random: cfg.random, changed: make(chan struct{}),
	}
	if p.random == nil {
		p.random = rand.Float64
	}
	p.tokens.hedgeShare, p.tokens.share = cfg.Hedge.Budget, cfg.Retry.Budget
	p.latency.trigger = cfg.Hedge.Quantile
	p.remake()
	ctx, stop := context.WithCancel(context.Background()) //nolint:gosec // Close calls it
	p.stop = stop
	p.wg.Go(func() { p.followNames(ctx) })
	return p, nil
}

// Close stops looking for servers and takes no more calls. Clients are closed when
// their calls have ended; those without calls are closed when it returns.
func (p *Pool[C]) Close() error {
	p.stop()
	p.wg.Wait() // the servers' probes too
	p.mu.Lock()
	leaving := p.servers
	p.servers = nil
	p.mu.Unlock()
	p.remake()
	for _, s := range leaving {
		s.leave()
	}
	return nil
}

// Ready waits until a server may be sent calls. It returns the context's error if
// that ends first.
func (p *Pool[C]) Ready(ctx context.Context) error {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if len(p.view.Load().eligible) > 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// testGap is how long calls are refused that are not expected to fit, at least: what
// was learned while the servers were slow would else never be found out of date.
const testGap = 100 * time.Millisecond

// Fits reports whether a call of so many rows that begins now is expected to end
// by the deadline, at the fastest healthy server and with what is in flight there.
// Now and then it lets some through that are not, until one has ended; to ask twice
// about a call is to hear the same.
func (p *Pool[C]) Fits(rows int, now, deadline time.Time) bool {
	if !now.Before(deadline) {
		return false
	}
	v, moment := p.view.Load(), now.Sub(p.began)
	if len(v.eligible) == 0 {
		return moment >= v.trialAt
	}
	fastest := v.eligible[0].expect(rows)
	for _, s := range v.eligible[1:] {
		fastest = min(fastest, s.expect(rows))
	}
	if now.Add(fastest).Before(deadline) {
		return true
	}
	if p.doubted.CompareAndSwap(0, int64(max(moment, 1))) {
		return false
	}
	return moment-time.Duration(p.doubted.Load()) >= max(testGap, 10*fastest)
}

func (p *Pool[C]) now() time.Duration { return time.Since(p.began) }

func (p *Pool[C]) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.servers)
}

// look makes a new view if a server's breaker has changed since the last.
func (p *Pool[C]) look(s *server[C]) {
	if s.health.note.Load() && s.health.note.Swap(false) { // read first: the line stays shared
		p.remake()
	}
}

// remake makes a new view of the servers. It reads their states after taking the
// lock, so the last one to come sees the last change.
func (p *Pool[C]) remake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, v := p.now(), &view[C]{trialAt: never}
	var risen []*server[C]
	peaks := 0.0
	for _, s := range p.servers {
		eligible := s.verified.Load() && s.ready.Load() && s.health.closed()
		switch {
		case !s.verified.Load():
			continue
		case eligible && s.eligible:
			peaks += s.peakAt(now)
		case eligible:
			risen = append(risen, s)
		}
		if s.eligible = eligible; eligible {
			v.eligible = append(v.eligible, s)
		}
		v.known = append(v.known, s)
	}
	others := peaks / float64(max(len(v.eligible)-len(risen), 1))
	for _, s := range risen {
		s.rise(now, others)
	}
	for _, s := range v.known {
		if s.ready.Load() && !s.health.closed() {
			v.trialAt = min(v.trialAt, s.health.nextTrial(v.few()))
		}
	}
	p.limit.resize(p.cfg.MaxInFlight * len(v.known))
	p.view.Store(v)
	close(p.changed)
	p.changed = make(chan struct{})
}

const never = time.Duration(1<<63 - 1)

// add dials a server and begins to probe it.
func (p *Pool[C]) add(ctx context.Context, at target) {
	address := at.address
	client, err := p.dialer.Dial(address, at.endpoint)
	if err != nil {
		p.log.Error("no client for a server", "server", address, "error", err)
		return
	}
	s := &server[C]{address: address, client: client}
	s.latency.trigger = p.cfg.Hedge.Quantile
	s.health.init(p.now, p.random)
	s.close = func() {
		if err := p.dialer.Close(client); err != nil {
			p.log.Warn("close the client of a server", "server", address, "error", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	s.stop = func() {
		cancel()
		<-ended
	}
	p.mu.Lock()
	p.servers = append(p.servers, s)
	p.mu.Unlock()
	p.wg.Go(func() {
		defer close(ended)
		p.keepProbing(ctx, s)
	})
}

// drop takes no more calls to a server.
func (p *Pool[C]) drop(s *server[C]) {
	p.mu.Lock()
	p.servers = slices.DeleteFunc(p.servers, func(x *server[C]) bool { return x == s })
	p.mu.Unlock()
	p.remake()
	s.leave()
	p.log.Info("a server has left", "server", s.address)
}
