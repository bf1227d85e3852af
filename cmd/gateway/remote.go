package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/router"
)

// remote is a version on the servers of a place. It can be called once one of them
// has said what the model looks like.
type remote struct {
	place *place
	shape *shape
	cfg   batcher.Config
	fail  func(error)

	tallies router.Tallies

	mu     sync.Mutex
	wire   atomic.Pointer[wire] // set once, under mu, by the first server that is met
	opened chan struct{}        // closed when it is
}

// wire is how rows travel to the servers of a place, which all must agree on it.
type wire struct {
	name, version string // "" if the servers know no versions
	graph         model.Graph
	batcher       *batcher.Batcher
}

// meet returns nil if a server holds the version as the others do. It is asked at every
// probe, and so for no more than it must be.
func (r *remote) meet(ctx context.Context, c oip.Client) error {
	spec, version := r.shape.spec, ""
	if w := r.wire.Load(); w != nil {
		version = w.version
	}
	said, err := c.Metadata(ctx, spec.Name, version)
	if err == nil && version == "" && len(said.Versions) > 0 {
		if version = spec.Version; !slices.Contains(said.Versions, version) {
			return fmt.Errorf("it holds the versions %s of model %s, not %s", strings.Join(said.Versions, ", "), spec.Name, version)
		}
		said, err = c.Metadata(ctx, spec.Name, version)
	}
	if err != nil {
		return err
	}
	graph, err := said.Graph()
	if err == nil {
		err = r.agree(version, graph)
	}
	if err != nil {
		return fmt.Errorf("model %s, version %s: %w", spec.Name, spec.Version, err)
	}
	return nil
}

// agree compares what a server says with what the others have said, or opens the
// place for the version if it is the first.
func (r *remote) agree(version string, graph model.Graph) error {
	sig, err := r.shape.fit(graph)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.wire.Load(); w != nil {
		return w.same(version, graph)
	}
	spec := r.shape.spec
	m, err := oip.NewModel(r.place.caller, spec.Name, version, graph, sig)
	if err != nil {
		return err
	}
	passes := batcher.ScorerFunc(func(rows int) (batcher.Pass, error) { return m.NewPass(rows) })
	b, err := batcher.New(r.cfg, r.place.runners, passes, r.fail)
	if err != nil {
		return err
	}
	r.wire.Store(&wire{spec.Name, version, graph, b})
	close(r.opened)
	return nil
}

// await returns when a server that holds the version may be sent calls, or ctx's error.
func (r *remote) await(ctx context.Context) error {
	select {
	case <-r.opened:
		return r.place.pool.Ready(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// same returns nil if another server takes and gives the same tensors.
func (w *wire) same(version string, graph model.Graph) error {
	if version != w.version {
		return fmt.Errorf("it knows %q as the version, other servers %q", version, w.version)
	}
	for _, side := range [2]struct {
		what         string
		ours, theirs []model.Tensor
	}{{"inputs", w.graph.Inputs, graph.Inputs}, {"outputs", w.graph.Outputs, graph.Outputs}} {
		if len(side.ours) != len(side.theirs) {
			return fmt.Errorf("it has %d %s, other servers %d", len(side.theirs), side.what, len(side.ours))
		}
		for _, theirs := range side.theirs {
			if !slices.ContainsFunc(side.ours, func(t model.Tensor) bool { return t.String() == theirs.String() }) {
				return fmt.Errorf("it has %s among its %s, which other servers have not", theirs, side.what)
			}
		}
	}
	return nil
}

// Fits implements router.Scorer. A place of which nothing is known yet fits nothing.
func (r *remote) Fits(n int, now, deadline time.Time, class rank.Criticality) bool {
	w := r.wire.Load()
	return w != nil && r.place.pool.Fits(n, now, deadline) && w.batcher.Fits(n, now, deadline, class)
}

// Cost implements router.Scorer.
func (r *remote) Cost(n int) time.Duration {
	if w := r.wire.Load(); w != nil {
		return w.batcher.Cost(n)
	}
	return 0
}

// Score implements router.Scorer.
func (r *remote) Score(w *batcher.Work) error {
	if known := r.wire.Load(); known != nil {
		return known.batcher.Score(w)
	}
	return r.unknown()
}

// Infer implements router.Place: the message goes on as it came.
func (r *remote) Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	start := time.Now()
	reply, err := r.infer(ctx, m)
	r.tallies.Add(start, err, 0, time.Since(start))
	return reply, err
}

func (r *remote) infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	w := r.wire.Load()
	if w == nil || !m.Address(w.name, w.version) {
		return nil, r.unknown()
	}
	return r.place.caller.Call(ctx, m.Rows(), m)
}

// Ready implements router.Place.
func (r *remote) Ready() bool {
	return r.wire.Load() != nil && r.place.pool.Ready(expired) == nil
}

// expired is a context that waits for nothing.
var expired = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Statistics implements router.Place. Passes are those of rankings.
func (r *remote) Statistics() oip.Statistics {
	s, passes := r.tallies.Statistics(), r.stats()
	s.Rows, s.Passes = passes.Rows, passes.Passes
	return s
}

// stats are those of its batcher.
func (r *remote) stats() batcher.Stats {
	if w := r.wire.Load(); w != nil {
		return w.batcher.Stats()
	}
	return batcher.Stats{}
}

func (r *remote) unknown() error {
	return rank.Errorf(rank.Unavailable, "no server of pool %s has been well yet", r.place.name)
}

// close ends it. Nothing may use it any more.
func (r *remote) close() error {
	r.place.forget(r)
	if w := r.wire.Load(); w != nil {
		return w.batcher.Close()
	}
	return nil
}
