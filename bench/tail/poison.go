package main

import (
	"context"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
)

// poisonousRow puts a row that the model can not take into every tenth request, while
// others share its forward passes.
var poisonousRow = scenario{number: 18, name: "a poisonous row in a batch", run: runPoisonousRow}

func runPoisonousRow(ctx context.Context, s *session) (*row, error) {
	g, err := s.newGateway(ctx, sections{"onnx": "{runners: 1}", "budget": "{default: 2s, max: 5s}"})
	if err != nil {
		return nil, err
	}
	defer g.stop()
	gen := newGenerator(0)
	defer gen.close()
	l := &ranking{url: g.url(), right: sumModel, rows: 10, poison: everyTenth}
	r, err := gen.open(ctx, l, poisson(newRandom(18), step{300, pick(s, 20*time.Second, 3*time.Second)}))
	if err != nil {
		return nil, err
	}
	all := &row{run: r.samples, words: r.words, extra: noExtra, checks: poisonChecks("here", l, r)}
	return all, s.poisonBackends(ctx, all)
}

// poisonBackends does the same on servers that refuse a call whole for such a row.
func (s *session) poisonBackends(ctx context.Context, all *row) error {
	shape := pooled(16)
	shape.sections = sections{"budget": "{default: 2s, max: 5s}"}
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
	r, err := w.open(ctx, l, poisson(newRandom(18), step{300, pick(s, 20*time.Second, 3*time.Second)}))
	if err != nil {
		return err
	}
	all.take(r)
	all.checks = append(all.checks, poisonChecks("remote", l, r)...)
	return nil
}

func everyTenth(n int) bool { return n%10 == 0 }

func poisonChecks(where string, l *ranking, r *run) []check {
	ill := func(s *sample) bool { return s.number >= 0 && l.poison(s.number) }
	return []check{
		noneCorrupt(r.count(isCorrupt)),
		noneFailed(len(r.with(failed))),
		none(where+": other rows lost", r.count(func(s *sample) bool { return !ill(s) && s.fallback > 0 || ill(s) && s.fallback > 1 })),
		none(where+": poisonous rows scored", r.count(func(s *sample) bool { return ill(s) && s.fallback == 0 })),
	}
}
