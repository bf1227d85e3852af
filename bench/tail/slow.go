package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/seed"
)

// pooled is a world of three servers whose calls take 2 ms, and more at random: the
// mean is 3 ms, the median 2.7 and the 99th percentile 6.6 ms.
func pooled(workers int) *world {
	return &world{
		each:     oiptest.Config{PerCall: 2 * time.Millisecond, Jitter: 0.5, Workers: workers},
		sections: gateway.Sections{"budget": "{default: 1s, max: 5s}"},
	}
}

// newWarmWorld starts a world whose gateway has learned what calls take.
func (s *session) newWarmWorld(ctx context.Context, shape *world) (*world, error) {
	w, err := s.newWorld(ctx, shape)
	if err != nil {
		return nil, err
	}
	if err := w.warm(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// warm has the gateway learn what calls take.
func (w *world) warm(ctx context.Context) error {
	_, err := w.Open(ctx, w.rank(), load.Poisson(seed.Random(1), load.Step{Rate: 200, Length: 2 * time.Second}))
	return err
}

// sends counts the calls that have come to the backends, and the passes that they
// were made for.
type sends struct{ calls, passes int }

func (w *world) sends() (sends, error) {
	all, err := w.backends.stats()
	if err != nil {
		return sends{}, err
	}
	var n sends
	for i := range all {
		n.calls += int(all[i].Calls + all[i].Swallowed)
	}
	passes, err := w.gateway.Metric("rankgate_batch_rows_count")
	n.passes = int(passes)
	return n, err
}

// extra is how many calls there were since before beyond one a pass.
func (n sends) extra(before sends) int { return n.calls - before.calls - (n.passes - before.passes) }

// extraShare is the same for each pass.
func (n sends) extraShare(before sends) float64 {
	return float64(n.extra(before)) / float64(max(n.passes-before.passes, 1))
}

// counted is a run with the sends before and after it.
func (w *world) counted(
	ctx context.Context, l load.Load, due load.Schedule, events ...load.Event,
) (r *load.Run, before, after sends, err error) {
	if before, err = w.sends(); err != nil {
		return nil, before, after, err
	}
	if r, err = w.Open(ctx, l, due, events...); err != nil {
		return nil, before, after, err
	}
	after, err = w.sends()
	return r, before, after, err
}

// slowCalls has one server hold calls back now and then.
var slowCalls = scenario{number: 2, name: "one of three delays 5 % of its calls by 200 ms", run: runSlowCalls}

func runSlowCalls(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWarmWorld(ctx, pooled(16))
	if err != nil {
		return nil, err
	}
	defer w.close()
	due := load.Poisson(seed.Random(2), load.Step{Rate: 200, Length: pick(s, 60*time.Second, 5*time.Second)})
	clean, err := w.Open(ctx, w.rank(), due)
	if err != nil {
		return nil, err
	}
	if err := w.backends.set(0, oiptest.Faults{Delay: 200 * time.Millisecond, DelayFraction: 0.05}); err != nil {
		return nil, err
	}
	r, before, after, err := w.counted(ctx, w.rank(), due)
	if err != nil {
		return nil, err
	}
	return &row{run: r.Samples, words: r.Words, extra: after.extra(before), lag: s.lag(), checks: []check{
		noneCorrupt(r.Corrupt()),
		noneFailed(len(r.With(load.Failed))),
		times("p99", r.Took(0.99), clean.Took(0.99), pick(s, 1.3, 5)),
		firmly(atMost("extra sends", after.extraShare(before), pick(s, 0.05, 0.12))),
	}}, nil
}

// slowServers slows all servers down, with hedges and without.
var slowServers = scenario{number: 3, name: "all backends 10× slower", run: runSlowServers}

func runSlowServers(ctx context.Context, s *session) (*row, error) {
	length := pick(s, 60*time.Second, 4*time.Second)
	hedged, before, after, err := s.slowed(ctx, "hedge: {quantile: 0.95, budget: 0.05}", length)
	if err != nil {
		return nil, err
	}
	plain, _, _, err := s.slowed(ctx, "hedge: {quantile: 0}", length)
	if err != nil {
		return nil, err
	}
	return &row{run: hedged.Samples, words: hedged.Words, extra: after.extra(before), lag: s.lag(),
		notes: []string{fmt.Sprintf("without hedges p50 %s, p99 %s", report.Duration(plain.Took(0.5)), report.Duration(plain.Took(0.99)))},
		checks: []check{
			noneCorrupt(hedged.Corrupt()),
			noneFailed(len(hedged.With(load.Failed))),
			firmly(atMost("extra sends", after.extraShare(before), pick(s, 0.05, 0.12))),
			atLeast("goodput, of that without hedges", hedged.Goodput()/max(plain.Goodput(), 1), pick(s, 0.95, 0.8)),
		}}, nil
}

// slowed is a run on servers that have become slow, at 70 % of what they can then do.
func (s *session) slowed(ctx context.Context, hedge string, length time.Duration) (r *load.Run, before, after sends, err error) {
	shape := pooled(4)
	shape.pool = hedge
	w, err := s.newWarmWorld(ctx, shape)
	if err != nil {
		return nil, before, after, err
	}
	defer w.close()
	if err := w.backends.setAll(oiptest.Faults{Slowdown: 10}); err != nil {
		return nil, before, after, err
	}
	return w.counted(ctx, w.rank(), load.Poisson(seed.Random(3), load.Step{Rate: 280, Length: length}))
}
