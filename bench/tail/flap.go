package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/seed"
)

var unavailable = oiptest.Faults{Status: http.StatusServiceUnavailable}

// flapping has one server fail half of each second.
var flapping = scenario{number: 6, name: "one of three flaps at 1 Hz", run: runFlapping}

func runFlapping(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWarmWorld(ctx, pooled(16))
	if err != nil {
		return nil, err
	}
	defer w.close()
	length := pick(s, 120*time.Second, 6*time.Second)
	var flaps []load.Event
	for at := time.Duration(0); at < length; at += time.Second {
		flaps = append(flaps, load.Event{At: at, Do: func() error { return w.backends.set(0, unavailable) }},
			load.Event{At: at + time.Second/2, Do: func() error { return w.backends.set(0, oiptest.Faults{}) }})
	}
	r, before, after, err := w.counted(ctx, w.rank(), load.Poisson(seed.Random(6), load.Step{Rate: 200, Length: length}), flaps...)
	if err != nil {
		return nil, err
	}
	back, err := w.returns(ctx, 0, pick(s, time.Minute, 20*time.Second))
	if err != nil {
		return nil, err
	}
	return &row{run: r.Samples, words: r.Words, extra: after.extra(before), lag: s.lag(),
		notes: []string{fmt.Sprintf("the server that had flapped took calls again %.1f s after it was well", back.Seconds())},
		checks: []check{
			noneCorrupt(r.Corrupt()),
			noneFailed(len(r.With(load.Failed))),
			atLeast("complete", r.Complete(), pick(s, 0.999, 0.95)),
			{want: "calls again when well", got: fmt.Sprintf("calls again after %.1f s", back.Seconds()), met: back >= 0},
		}}, nil
}

// returns waits, under load, until a server that is well has a fair share of the
// calls again, and says how long that was; -1 if it had not within most.
func (w *world) returns(ctx context.Context, server int, most time.Duration) (time.Duration, error) {
	back := time.Duration(-1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := load.Event{At: 0, Do: func() error {
		began := time.Now()
		before, err := w.backends.stats()
		for err == nil && time.Since(began) < most {
			if err = load.Pause(ctx, beat); err != nil {
				break
			}
			var now []oiptest.Stats
			if now, err = w.backends.stats(); err != nil {
				break
			}
			all, its := int64(0), now[server].Calls-before[server].Calls
			for i := range now {
				all += now[i].Calls - before[i].Calls
			}
			if all >= 5 && 6*its >= all {
				back = time.Since(began)
				cancel()
				return nil
			}
			before = now
		}
		return err
	}}
	_, err := w.Open(ctx, w.rank(), load.Poisson(seed.Random(7), load.Step{Rate: 200, Length: most}), watch)
	if back >= 0 {
		return back, nil // the load was ended
	}
	return back, err
}

// outage has all servers answer 503, then be well again.
var outage = scenario{number: 7, name: "all backends 503, then well", run: runOutage}

func runOutage(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWarmWorld(ctx, pooled(16))
	if err != nil {
		return nil, err
	}
	defer w.close()
	begin, calm := time.Second, 2*time.Second // the first seconds are for noticing
	end := begin + pick(s, 30*time.Second, 5*time.Second)
	length := end + pick(s, 20*time.Second, 7*time.Second)
	var early, late []oiptest.Stats
	events := []load.Event{
		{At: begin, Do: func() error { return w.backends.setAll(unavailable) }},
		{At: calm, Do: func() (err error) { early, err = w.backends.stats(); return err }},
		{At: end, Do: func() (err error) {
			if late, err = w.backends.stats(); err != nil {
				return err
			}
			return w.backends.setAll(oiptest.Faults{})
		}},
	}
	r, before, after, err := w.counted(ctx, w.rank(), load.Poisson(seed.Random(8), load.Step{Rate: 200, Length: length}), events...)
	if err != nil {
		return nil, err
	}
	probes, calls := int64(0), int64(0)
	for i := range late {
		probes += late[i].Probes - early[i].Probes
		calls += late[i].Calls - early[i].Calls
	}
	seconds := (end - calm).Seconds() * float64(len(late))
	recovered := r.Recovered(end, time.Second, func(s load.Samples) bool { return s.Complete() >= 0.99 })
	return &row{run: r.Between(begin, r.Length), words: r.Words, extra: after.extra(before), lag: s.lag(), checks: []check{
		noneCorrupt(r.Corrupt()),
		noneFailed(len(r.With(load.Failed))),
		within("full traffic after", recovered, pick(s, 5*time.Second, 6*time.Second)),
		rateAtMost("probes", float64(probes)/seconds, pick(s, 2.0, 4)),
		rateAtMost("calls", float64(calls)/seconds, pick(s, 2.0, 4)),
	}}, nil
}

// rateAtMost demands that something comes to each server at most so often.
func rateAtMost(what string, got, most float64) check {
	return check{
		want: fmt.Sprintf("%s ≤ %.1f/s a server", what, most), got: fmt.Sprintf("%s %.1f/s a server", what, got),
		met: got <= most, hard: true,
	}
}
