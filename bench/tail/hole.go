package main

import (
	"context"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/seed"
)

// blackHole has a server take everything and answer nothing.
var blackHole = scenario{number: 4, name: "one of three black-holed", run: runBlackHole}

func runBlackHole(ctx context.Context, s *session) (*row, error) {
	w := pooled(16)
	w.sections = gateway.Sections{"budget": "{default: 100ms, max: 5s}"}
	w, err := s.newWarmWorld(ctx, w)
	if err != nil {
		return nil, err
	}
	defer w.close()
	begin, length := time.Second, pick(s, 30*time.Second, 5*time.Second)
	ejected := time.Duration(0)
	fault := load.Event{At: begin, Do: func() error {
		if err := w.backends.set(0, oiptest.Faults{BlackHole: true}); err != nil {
			return err
		}
		var err error
		ejected, err = w.lastTraffic(ctx, 0, length-begin)
		return err
	}}
	r, before, after, err := w.counted(ctx, w.rank(), load.Poisson(seed.Random(4), load.Step{Rate: 200, Length: length}), fault)
	if err != nil {
		return nil, err
	}
	late := r.Between(begin+time.Second, r.Length)
	return &row{run: r.Between(begin, r.Length), words: r.Words, extra: after.extra(before), lag: s.lag(), checks: []check{
		noneCorrupt(r.Corrupt()),
		noneFailed(len(r.With(load.Failed))),
		within("ejected", ejected, pick(s, time.Second, 3*time.Second)),
		atLeast("complete after 1 s", late.Complete(), pick(s, 0.999, 0.95)),
	}}, nil
}

// Calls in a beat that are traffic, and not a trial of a server that is ejected.
const (
	beat    = 50 * time.Millisecond
	traffic = 2
)

// lastTraffic watches the calls that a black hole swallows, and returns how long it
// was until those were trials only.
func (w *world) lastTraffic(ctx context.Context, server int, length time.Duration) (last time.Duration, err error) {
	seen := int64(0)
	for began := time.Now(); time.Since(began) < length; {
		if err := load.Pause(ctx, beat); err != nil {
			return 0, err
		}
		all, err := w.backends.stats()
		if err != nil {
			return 0, err
		}
		if n := all[server].Swallowed; n-seen > traffic {
			last = time.Since(began)
		}
		seen = all[server].Swallowed
	}
	return last, nil
}
