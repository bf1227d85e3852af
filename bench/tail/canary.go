package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/seed"
)

// failingCanary would give a fifth of the users a version that scores nothing.
var failingCanary = scenario{number: 19, name: "a canary that fails always", run: runFailingCanary}

func runFailingCanary(ctx context.Context, s *session) (*row, error) {
	g, err := s.newGateway(ctx, gateway.Sections{"routes": "{sum: {stable: 1, canary: {version: 2, percent: 20}}}"})
	if err != nil {
		return nil, err
	}
	defer g.Stop()
	gen := load.New(0)
	defer gen.Close()
	l := &ranking{url: g.URL() + "/rank", right: sumModel, rows: 10}
	r, err := gen.Open(ctx, l, load.Poisson(seed.Random(19), load.Step{Rate: 200, Length: pick(s, 20*time.Second, 4*time.Second)}))
	if err != nil {
		return nil, err
	}
	after := r.Between(time.Second, r.Length)
	its := r.Count(func(s *load.Sample) bool { return s.Version == "2" })
	shown := after.Count(func(s *load.Sample) bool { return s.Outcome != load.OK })
	return &row{run: r.Samples, words: r.Words, extra: noExtra, lag: 0,
		notes: []string{fmt.Sprintf("%d answers were the canary's, all of them without a score of its own", its)},
		checks: []check{
			noneCorrupt(r.Corrupt()),
			{want: "0 seen by users after 1 s", got: fmt.Sprintf("%d seen after 1 s", shown), met: shown == 0},
		}}, nil
}
