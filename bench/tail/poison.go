package main

import (
	"context"
	"time"
)

// poisonousRow puts a row that the model can not take into every tenth request, while
// others share its forward passes.
var poisonousRow = scenario{18, "a poisonous row in a batch", func(ctx context.Context, s *session) (*row, error) {
	g, err := s.newGateway(ctx, sections{"onnx": "{runners: 1}", "budget": "{default: 2s, max: 5s}"})
	if err != nil {
		return nil, err
	}
	defer g.stop()
	gen := newGenerator(0)
	defer gen.close()
	l := &ranking{url: g.url("/rank"), right: sumModel, rows: 10, poison: func(n int) bool { return n%10 == 0 }}
	r, err := gen.open(ctx, l, poisson(newRandom(18), step{300, pick(s, 20*time.Second, 3*time.Second)}))
	if err != nil {
		return nil, err
	}
	return &row{run: r.samples, words: r.words, extra: noExtra, lag: 0, checks: poisonChecks(l, r)}, nil
}}

func poisonChecks(l *ranking, r *run) []check {
	ill := func(s *sample) bool { return s.number >= 0 && l.poison(s.number) }
	return []check{
		none("corrupt", r.count(isCorrupt)),
		none("failed", len(r.with(failed))),
		none("other rows lost", r.count(func(s *sample) bool { return !ill(s) && s.fallback > 0 || ill(s) && s.fallback > 1 })),
		none("poisonous rows scored", r.count(func(s *sample) bool { return ill(s) && s.fallback == 0 })),
	}
}
