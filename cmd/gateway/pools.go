package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/monitor"
	"github.com/rankgate/rankgate/rank"
)

// place is a pool of servers and the versions that run there.
type place struct {
	name    string
	servers pool.Config
	dialer  *oip.Dialer
	runners *batcher.Runners

	mu       sync.Mutex
	versions []*remote // guarded by mu: what every server must hold

	// Set by start, under mu, before any server is met. Whoever is not sure to come after
	// that takes mu to read them.
	pool   *pool.Pool[oip.Client]
	caller *oip.Pooled
}

// serversPerName is how many servers a DNS name is taken for where room is made for the
// passes that they can hold together. A pass is made when it is first needed.
const serversPerName = 16

// runnersFor returns a place for each pass that the servers may hold; rows that come
// while all of them do wait, and share the next.
func runnersFor(cfg *pool.Config) *batcher.Runners {
	servers := 0
	for _, endpoint := range cfg.Endpoints {
		if pool.IsName(endpoint) {
			servers += serversPerName
		} else {
			servers++
		}
	}
	return batcher.NewRunners(cfg.MaxInFlight * servers)
}

func newPlace(name string, cfg config.Pool) (*place, error) {
	p := &place{name: name, servers: cfg.Servers, runners: runnersFor(&cfg.Servers)}
	p.dialer = &oip.Dialer{Protocol: cfg.Protocol, Config: cfg.Client, Verify: p.verify}
	if cfg.TLS.On {
		var err error
		if p.dialer.Config.TLS, err = cfg.TLS.Config("pools." + name + ".tls"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// newPlaces makes a place of every pool.
func (g *gateway) newPlaces() error {
	g.places = make(map[string]*place, len(g.cfg.Pools))
	var wrong []error
	for name, cfg := range g.cfg.Pools {
		var err error
		if g.places[name], err = newPlace(name, cfg); err != nil {
			wrong = append(wrong, g.cfg.File.Place(err))
		}
	}
	return config.Join(wrong...)
}

// startPlaces looks for the servers of all pools. Which versions they must hold is
// known by now, or calls would go to some that do not.
func (g *gateway) startPlaces() error {
	for _, p := range g.places {
		if err := p.start(g.log); err != nil {
			return err
		}
		g.closers = append(g.closers, p.pool.Close)
	}
	return nil
}

// start holds mu so that the first server is met after it.
func (p *place) start(log *slog.Logger) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool, err = pool.New(p.servers, p.dialer, log); err != nil {
		return fmt.Errorf("pools.%s: %w", p.name, err)
	}
	p.caller = oip.NewPooled(p.pool)
	return nil
}

// poolSources are the pools by name, for whoever watches them.
func (g *gateway) poolSources() []monitor.PoolSource {
	var sources []monitor.PoolSource
	for _, name := range slices.Sorted(maps.Keys(g.places)) {
		sources = append(sources, monitor.PoolSource{Name: name, Stats: g.places[name].stats})
	}
	return sources
}

// stats are those of the pool, none before it has been started.
func (p *place) stats() pool.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool == nil {
		return pool.Stats{}
	}
	return p.pool.Stats()
}

// verify returns nil if a server holds all the versions of the place, as the others do.
func (p *place) verify(ctx context.Context, c oip.Client) error {
	p.mu.Lock()
	versions := slices.Clone(p.versions)
	p.mu.Unlock()
	for _, v := range versions {
		if err := v.meet(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// expect has every server of the place hold a version from now on.
func (p *place) expect(v *remote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.versions = append(p.versions, v)
}

// introductionTime is for the servers to say what they know of a version.
const introductionTime = 10 * time.Second

// introduce asks the servers about a version before all are expected to hold it: those
// that do not would be left out, for all other models too. Of one that is out for the
// moment nothing is known, which is an error only if no other server knows the version.
func (p *place) introduce(ctx context.Context, v *remote) error {
	ctx, cancel := context.WithTimeout(ctx, introductionTime)
	defer cancel()
	met, unknown := false, error(nil)
	err := p.pool.Each(ctx, func(ctx context.Context, address string, c oip.Client) error {
		err := v.meet(ctx, c)
		_, coded := errors.AsType[*rank.Error](err)
		switch {
		case err == nil:
			met = true
		case batcher.Elsewhere(err):
			unknown = err
			return nil
		case !coded:
			return rank.Errorf(rank.InvalidRequest, "pool %s: %s: %v", p.name, address, err)
		}
		return err
	})
	if err == nil && !met {
		return unknown
	}
	return err
}

// forget lets servers be without a version.
func (p *place) forget(v *remote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.versions = slices.DeleteFunc(p.versions, func(other *remote) bool { return other == v })
}
