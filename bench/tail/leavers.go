package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
)

// leavers has half of the callers go away while their rows wait for the only server,
// which is busy with a long request.
var leavers = scenario{number: 11, name: "half of the callers leave while queued", run: runLeavers}

func runLeavers(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWorld(ctx, &world{
		servers: 1, each: oiptest.Config{PerRow: time.Millisecond, Workers: 1}, pool: "max_in_flight: 1, hedge: {quantile: 0}",
		sections: gateway.Sections{"budget": "{default: 4s, max: 5s}"},
	})
	if err != nil {
		return nil, err
	}
	defer w.close()
	r := &row{run: load.Samples{}, words: map[string]int{}}
	before, err := w.sends()
	if err != nil {
		return nil, err
	}
	rounds, ran, left := pick(s, 20, 4), 0, 0
	for n := range rounds {
		crowd, err := w.crowd(ctx, n)
		if err != nil {
			return nil, err
		}
		r.run = append(r.run, crowd.stayed...)
		ran += crowd.ran
		left += crowd.left
	}
	after, err := w.sends()
	if err != nil {
		return nil, err
	}
	r.extra = after.extra(before)
	r.notes = append(r.notes, fmt.Sprintf("sent counts those who stayed; as many rows were given up, %d", left))
	r.checks = []check{
		noneCorrupt(r.run.Corrupt()),
		noneFailed(len(r.run.With(load.Failed))),
		atLeast("rows given up that never ran", 1-float64(ran)/float64(max(left, 1)), pick(s, 0.95, 0.8)),
	}
	return r, nil
}

// crowd is what came of callers of whom half have left.
type crowd struct {
	stayed    load.Samples
	ran, left int // rows of those who left: that ran, and in all
}

// Callers of a crowd, and the row that the one before them asks for: it keeps the
// server busy until half of the others have left.
const (
	crowdSize = 40
	plugRows  = 300
	leaveAt   = 150 * time.Millisecond
	arriveAt  = 30 * time.Millisecond // after the one before them
)

func (w *world) crowd(ctx context.Context, round int) (*crowd, error) {
	before, err := w.backends.stats()
	if err != nil {
		return nil, err
	}
	plug, others := w.rank(), w.rank()
	plug.rows = plugRows
	first := round * (crowdSize + 1)
	stay := make([]load.Sample, 1+crowdSize/2)
	var wg sync.WaitGroup
	wg.Go(func() { stay[0] = w.One(ctx, plug, first) })
	if err := load.Pause(ctx, arriveAt); err != nil {
		return nil, err
	}
	leaving, leave := context.WithTimeout(ctx, leaveAt)
	defer leave()
	for i := range crowdSize {
		n := first + 1 + i
		if i%2 == 0 {
			wg.Go(func() { stay[1+i/2] = w.One(ctx, others, n) })
		} else {
			wg.Go(func() { w.One(leaving, others, n) })
		}
	}
	wg.Wait()
	after, err := w.settled(ctx)
	if err != nil {
		return nil, err
	}
	c := &crowd{stayed: stay, left: crowdSize / 2 * others.rows}
	wanted := 0
	for i := range stay {
		wanted += stay[i].Fresh
	}
	c.ran = max(int(after[0].Rows-before[0].Rows)-wanted, 0)
	return c, nil
}

// settled waits until no call waits at the servers any more.
func (w *world) settled(ctx context.Context) ([]oiptest.Stats, error) {
	for last := int64(-1); ; {
		all, err := w.backends.stats()
		if err != nil {
			return nil, err
		}
		if all[0].QueuedNow == 0 && all[0].Served == last {
			return all, nil
		}
		last = all[0].Served
		if err := load.Pause(ctx, 4*plugRows*time.Millisecond/3); err != nil {
			return nil, err
		}
	}
}
