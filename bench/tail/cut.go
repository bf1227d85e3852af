package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/process"
	"github.com/rankgate/rankgate/bench/seed"
)

// cutAnswers breaks answers off in their middle: those of one server, then all, over
// both protocols, before a gateway that keeps scores.
var cutAnswers = scenario{number: 5, name: "answers reset or truncated in mid-body", run: runCutAnswers}

func runCutAnswers(ctx context.Context, s *session) (*row, error) {
	all := &row{words: map[string]int{}}
	var tried cutTrial
	for _, protocol := range []string{"http", "grpc"} {
		for name, fault := range map[string]oiptest.Faults{"reset": {Reset: true}, "truncation": {Truncate: true}} {
			if err := s.cut(ctx, protocol, fault, all, &tried); err != nil {
				return nil, fmt.Errorf("%s over %s: %w", name, protocol, err)
			}
		}
	}
	all.checks = []check{
		noneCorrupt(all.run.Corrupt()),
		noneFailed(len(all.run.With(load.Failed))),
		none("rows from broken answers", tried.used),
		none("rows cached from them", tried.cached),
		{want: "complete again", got: fmt.Sprintf("%d of 4 complete again", tried.recovered), met: tried.recovered == 4, hard: true},
	}
	all.notes = append(all.notes, fmt.Sprintf("%.1f %% of the answers were complete while one server was broken",
		100*tried.oneBroken.Complete()))
	return all, nil
}

// cutTrial is what was seen while answers were broken off.
type cutTrial struct {
	oneBroken    load.Samples
	used, cached int // rows that answers had while all servers were broken
	recovered    int
}

func (s *session) cut(ctx context.Context, protocol string, fault oiptest.Faults, all *row, tried *cutTrial) error {
	shape := pooled(16)
	shape.protocol, shape.sections = protocol, gateway.Sections{"cache": "{size: 64MiB, ttl: 1h}"}
	w, err := s.newWorld(ctx, shape)
	if err != nil {
		return err
	}
	defer w.close()
	length := pick(s, 10*time.Second, time.Second)
	before, err := w.sends()
	if err != nil {
		return err
	}
	if err := w.backends.set(0, fault); err != nil {
		return err
	}
	one, err := w.Open(ctx, w.rank(), load.Poisson(seed.Random(5), load.Step{Rate: 100, Length: length}).First(neverAsked))
	if err != nil {
		return err
	}
	if err := w.backends.setAll(fault); err != nil {
		return err
	}
	again := w.rank() // the same 20 requests again and again
	again.first, again.repeat = neverAsked, 20
	broken, err := w.Open(ctx, again, load.Poisson(seed.Random(5), load.Step{Rate: 100, Length: length}))
	if err != nil {
		return err
	}
	if err := w.backends.setAll(oiptest.Faults{}); err != nil {
		return err
	}
	well, err := w.recover(ctx, again)
	if err != nil {
		return err
	}
	after, err := w.sends()
	if err != nil {
		return err
	}
	for _, r := range []*load.Run{one, broken, well} {
		all.take(r)
	}
	all.extra += after.extra(before)
	tried.oneBroken = append(tried.oneBroken, one.Samples...)
	for i := range broken.Samples {
		tried.used += broken.Samples[i].Fresh
		tried.cached += broken.Samples[i].Cached
	}
	if last := well.Samples; len(last) > 0 && last[len(last)-1].Outcome == load.OK {
		tried.recovered++
	}
	return nil
}

// neverAsked is the number of a request whose pairs of user and item none before it
// has: they repeat after 2,000 requests.
const neverAsked = 1500

// recover repeats a load, a second of it at a time, until an answer is complete.
func (w *world) recover(ctx context.Context, l load.Load) (*load.Run, error) {
	for end := time.Now().Add(process.Patience); ; {
		r, err := w.Open(ctx, l, load.Constant(50, time.Second))
		if err != nil || r.Complete() > 0.9 || time.Now().After(end) {
			return r, err
		}
	}
}
