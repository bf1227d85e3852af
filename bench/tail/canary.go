package main

import (
	"context"
	"fmt"
	"time"
)

// failingCanary would give a fifth of the users a version that scores nothing.
var failingCanary = scenario{number: 19, name: "a canary that fails always", run: runFailingCanary}

func runFailingCanary(ctx context.Context, s *session) (*row, error) {
	g, err := s.newGateway(ctx, sections{"routes": "{sum: {stable: 1, canary: {version: 2, percent: 20}}}"})
	if err != nil {
		return nil, err
	}
	defer g.stop()
	gen := newGenerator(0)
	defer gen.close()
	l := &ranking{url: g.url(), right: sumModel, rows: 10}
	r, err := gen.open(ctx, l, poisson(newRandom(19), step{200, pick(s, 20*time.Second, 4*time.Second)}))
	if err != nil {
		return nil, err
	}
	after := r.between(time.Second, r.length)
	its := r.count(func(s *sample) bool { return s.version == "2" })
	shown := after.count(func(s *sample) bool { return s.outcome != ok })
	return &row{run: r.samples, words: r.words, extra: noExtra, lag: 0,
		notes: []string{fmt.Sprintf("%d answers were the canary's, all of them without a score of its own", its)},
		checks: []check{
			noneCorrupt(r.count(isCorrupt)),
			{want: "0 seen by users after 1 s", got: fmt.Sprintf("%d seen after 1 s", shown), met: shown == 0},
		}}, nil
}
