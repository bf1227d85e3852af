package main

import (
	"context"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/seed"
)

// poisonousRow puts a row that the model can not take into every tenth request, while
// others share its forward passes.
var poisonousRow = scenario{number: 18, name: "a poisonous row in a batch", run: runPoisonousRow}

func runPoisonousRow(ctx context.Context, s *session) (*row, error) {
	g, err := s.newGateway(ctx, gateway.Sections{"onnx": "{runners: 1}", "budget": "{default: 2s, max: 5s}"})
	if err != nil {
		return nil, err
	}
	defer g.Stop()
	gen := load.New(0)
	defer gen.Close()
	l := &ranking{url: g.URL() + "/rank", right: sumModel, rows: 10, poison: everyTenth}
	r, err := gen.Open(ctx, l, load.Poisson(seed.Random(18), load.Step{Rate: 300, Length: pick(s, 20*time.Second, 3*time.Second)}))
	if err != nil {
		return nil, err
	}
	all := &row{run: r.Samples, words: r.Words, extra: noExtra, checks: poisonChecks("here", l, r)}
	return all, s.poisonBackends(ctx, all)
}

// poisonBackends does the same on servers that refuse a call whole for such a row.
func (s *session) poisonBackends(ctx context.Context, all *row) error {
	shape := pooled(16)
	shape.sections = gateway.Sections{"budget": "{default: 2s, max: 5s}"}
	w, err := s.newWorld(ctx, shape)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.backends.setAll(oiptest.Faults{Poison: true}); err != nil {
		return err
	}
	l := w.rank()
	l.poison = everyTenth
	r, err := w.Open(ctx, l, load.Poisson(seed.Random(18), load.Step{Rate: 300, Length: pick(s, 20*time.Second, 3*time.Second)}))
	if err != nil {
		return err
	}
	all.take(r)
	all.checks = append(all.checks, poisonChecks("remote", l, r)...)
	return nil
}

func everyTenth(n int) bool { return n%10 == 0 }

func poisonChecks(where string, l *ranking, r *load.Run) []check {
	ill := func(s *load.Sample) bool { return s.Number >= 0 && l.poison(s.Number) }
	return []check{
		noneCorrupt(r.Corrupt()),
		noneFailed(len(r.With(load.Failed))),
		none(where+": other rows lost", r.Count(func(s *load.Sample) bool {
			return !ill(s) && s.Fallback > 0 || ill(s) && s.Fallback > 1
		})),
		none(where+": poisonous rows scored", r.Count(func(s *load.Sample) bool { return ill(s) && s.Fallback == 0 })),
	}
}
