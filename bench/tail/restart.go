package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/seed"
)

// rollingRestarts replaces two gateways behind a load balancer in turn, as a
// deployment does: one is drained and started anew, then the other.
var rollingRestarts = scenario{number: 15, name: "ten rolling restarts under keep-alive POSTs", run: runRollingRestarts}

func runRollingRestarts(ctx context.Context, s *session) (*row, error) {
	const restarts = 10
	linger := pick(s, time.Second, 400*time.Millisecond)
	drain := gateway.Sections{"drain": fmt.Sprintf("{wait: %v, linger: %v, finish: 5s}", 5*readyEvery, linger)}
	var gateways [2]*gateway.Gateway
	for i := range gateways {
		g, err := s.newGateway(ctx, drain)
		if err != nil {
			return nil, err
		}
		defer func() { g.Stop() }()
		gateways[i] = g
	}
	b, err := startBalancer(gateways[0].HTTP, gateways[1].HTTP)
	if err != nil {
		return nil, err
	}
	defer b.close()
	// A client's connections idle for less than drain.linger, which is what that setting is about.
	gen := load.New(linger / 2)
	defer gen.Close()
	l := &ranking{url: "http://" + b.listener.Addr().String() + "/rank", right: sumModel, rows: 10}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	took := time.Duration(0)
	restart := load.Event{At: 500 * time.Millisecond, Do: func() error {
		began := time.Now()
		defer func() { took = time.Since(began) }()
		for n := range restarts {
			g := gateways[n%2]
			g.Stop()
			if err := g.Serve(ctx); err != nil {
				return err
			}
			if err := load.Pause(ctx, 3*readyEvery); err != nil { // the balancer sees it
				return err
			}
		}
		return nil
	}}
	due := load.Poisson(seed.Random(15), load.Step{Rate: pick(s, 500.0, 100), Length: pick(s, 40*time.Second, 14*time.Second)})
	r, err := gen.Open(ctx, l, due, restart)
	if err != nil {
		return nil, err
	}
	return &row{run: r.Samples, words: r.Words, extra: noExtra, lag: 0,
		notes: []string{fmt.Sprintf("the restarts took %.1f s of %.1f s of load", took.Seconds(), r.Length.Seconds())},
		checks: []check{
			noneCorrupt(r.Corrupt()),
			noneFailed(len(r.With(load.Failed)) + len(r.With(load.Refused))),
			{want: "10 restarts under load", got: fmt.Sprintf("%.1f s", took.Seconds()), met: took > 0 && took < r.Length, hard: false},
		}}, nil
}
