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

// The callers' budget in an overload.
const overloadBudget = 100 * time.Millisecond

// narrow makes a world that serves 300 requests of 10 rows a second, however they are
// packed: three servers that take 1 ms a row, one call at a time. It says what the peak is.
func (s *session) narrow(ctx context.Context) (w *world, peak float64, err error) {
	w, err = s.newWorld(ctx, &world{
		each:     oiptest.Config{PerRow: time.Millisecond, Workers: 1},
		sections: gateway.Sections{"budget": fmt.Sprintf("{default: %v, max: 5s}", overloadBudget)},
	})
	if err != nil {
		return nil, 0, err
	}
	if peak, err = w.peak(ctx, pick(s, 5*time.Second, time.Second)); err != nil {
		w.close()
		return nil, 0, err
	}
	return w, peak, nil
}

// peak is the most complete answers a second that callers can get who wait for each
// other.
func (w *world) peak(ctx context.Context, length time.Duration) (float64, error) {
	best := 0.0
	for _, callers := range []uint64{3, 6, 12} {
		r, err := w.Closed(ctx, w.rank(), callers, length)
		if err != nil {
			return 0, err
		}
		best = max(best, r.Goodput())
	}
	return best, nil
}

// isTurnedAway reports whether nothing of a request was scored.
func isTurnedAway(s *load.Sample) bool {
	return s.Outcome == load.Refused || s.Outcome == load.Degraded && s.Fresh+s.Cached == 0
}

// overload asks for more than can be served.
var overload = scenario{number: 8, name: "2×, 5×, 10× overload", run: runOverload}

func runOverload(ctx context.Context, s *session) (*row, error) {
	w, peak, err := s.narrow(ctx)
	if err != nil {
		return nil, err
	}
	defer w.close()
	all := &row{words: map[string]int{}, extra: noExtra, lag: s.lag()}
	all.notes = append(all.notes, fmt.Sprintf("the peak is %.0f complete answers a second", peak))
	for _, level := range []struct{ factor, least, leastShort float64 }{{2, 0.90, 0.5}, {5, 0.85, 0.4}, {10, 0.80, 0.3}} {
		due := load.Poisson(seed.Random(9), load.Step{Rate: level.factor * peak, Length: pick(s, 20*time.Second, 2500*time.Millisecond)})
		r, err := w.Open(ctx, w.rank(), due)
		if err != nil {
			return nil, err
		}
		all.take(r)
		name := fmt.Sprintf("%v×: ", level.factor)
		all.checks = append(all.checks,
			atLeast(name+"goodput", r.Goodput()/peak, pick(s, level.least, level.leastShort)),
			within(name+"accepted p99", r.With(load.OK).Took(0.99), pick(s, overloadBudget, 3*overloadBudget)),
			within(name+"refusal p99", r.Where(isTurnedAway).Took(0.99), pick(s, 5*time.Millisecond, 300*time.Millisecond)))
		all.notes = append(all.notes, fmt.Sprintf("%sa refusal took %s in the median", name,
			report.Duration(r.Where(isTurnedAway).Took(0.5))))
	}
	all.checks = append(all.checks, noneCorrupt(all.run.Corrupt()), noneFailed(len(all.run.With(load.Failed))))
	return all, nil
}

// take adds a run to the figures of a row.
func (r *row) take(other *load.Run) {
	r.run = append(r.run, other.Samples...)
	for words, n := range other.Words {
		r.words[words] += n
	}
}

// overloadRemoved asks for more than can be served, and then for less again.
var overloadRemoved = scenario{number: 9, name: "overload removed", run: runOverloadRemoved}

func runOverloadRemoved(ctx context.Context, s *session) (*row, error) {
	w, peak, err := s.narrow(ctx)
	if err != nil {
		return nil, err
	}
	defer w.close()
	calm, storm := pick(s, 20*time.Second, 3*time.Second), pick(s, 20*time.Second, 3*time.Second)
	rest := pick(s, 20*time.Second, 8*time.Second)
	due := load.Poisson(seed.Random(10), load.Step{Rate: peak / 2, Length: calm}, load.Step{Rate: 5 * peak, Length: storm},
		load.Step{Rate: peak / 2, Length: rest})
	r, err := w.Open(ctx, w.rank(), due)
	if err != nil {
		return nil, err
	}
	normal := r.Between(0, calm).Took(0.99)
	factor := pick(s, 1.3, 4)
	recovered := r.Recovered(calm+storm, time.Second, func(s load.Samples) bool {
		return s.Complete() >= 0.99 && float64(s.Took(0.99)) <= factor*float64(normal)
	})
	return &row{run: r.Between(calm, calm+storm+5*time.Second), words: r.Words, extra: noExtra, lag: s.lag(),
		notes: []string{fmt.Sprintf("normal is at least 99 %% complete, and at most %v times the p99 of before, %s",
			factor, report.Duration(normal))},
		checks: []check{
			noneCorrupt(r.Corrupt()),
			noneFailed(len(r.With(load.Failed))),
			within("normal after", recovered, pick(s, 5*time.Second, 6*time.Second)),
		}}, nil
}
