package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// generator sends the requests of loads, by vegeta.
type generator struct {
	transport *http.Transport
}

// Bounds of the generator, which no scenario comes near.
const (
	startWorkers  = 64
	mostWorkers   = 8192
	answerTimeout = 10 * time.Second
)

// newGenerator returns one that keeps connections for idle, or for as long as the
// server does if that is 0.
func newGenerator(idle time.Duration) *generator {
	return &generator{&http.Transport{MaxIdleConnsPerHost: mostWorkers, IdleConnTimeout: idle, DisableCompression: true}}
}

func (g *generator) close() { g.transport.CloseIdleConnections() }

// run is what came of a load.
type run struct {
	samples
	length time.Duration  // from its beginning to its last answer
	words  map[string]int // what was said of failures
}

// event is something that happens in the middle of a run.
type event struct {
	at time.Duration
	do func() error
}

// open sends requests when they are due, whatever becomes of those before. What a
// request took is counted from when it was due: a generator that waits, or a server
// that makes it wait, hides nothing.
func (g *generator) open(ctx context.Context, l load, due schedule, events ...event) (*run, error) {
	p := &pacer{due: due}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	happened := happen(ctx, events)
	r := g.attack(ctx, l, p, startWorkers, mostWorkers, 0, func(res *vegeta.Result, s *sample) {
		s.due = due[res.Seq]
		s.lag = res.Timestamp.Sub(p.began) - s.due
		s.took = s.lag + res.Latency
	})
	err := ctx.Err()
	if err == nil && len(r.samples) < len(due) {
		err = fmt.Errorf("%d of %d requests were sent", len(r.samples), len(due))
	}
	if err == nil {
		return r, <-happened
	}
	cancel()
	for range happened { // their errors follow from this one
	}
	return r, err
}

// closed has so many callers ask, each again as soon as it has its answer. It shows
// what can be served, not how long a caller waits.
func (g *generator) closed(ctx context.Context, l load, callers uint64, length time.Duration) (*run, error) {
	r := g.attack(ctx, l, vegeta.ConstantPacer{}, callers, callers, length, func(res *vegeta.Result, s *sample) {
		s.took = res.Latency
	})
	return r, ctx.Err()
}

func (g *generator) attack(ctx context.Context, l load, p vegeta.Pacer, workers, most uint64, length time.Duration,
	time_ func(*vegeta.Result, *sample),
) *run {
	attacker := vegeta.NewAttacker(vegeta.Workers(workers), vegeta.MaxWorkers(most),
		vegeta.Client(&http.Client{Transport: g.transport, Timeout: answerTimeout}))
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	var next atomic.Int64
	targets := func(t *vegeta.Target) error {
		t.Method = http.MethodPost
		l.request(int(next.Add(1)-1), t)
		return nil
	}
	r := &run{words: map[string]int{}}
	began := time.Now()
	for res := range attacker.Attack(targets, p, length, "") {
		var s sample
		l.judge(res, &s)
		time_(res, &s)
		r.samples = append(r.samples, s)
		if s.outcome == failed {
			r.words[fmt.Sprintf("%s %.200s", res.Error, res.Body)]++
		}
	}
	r.length = time.Since(began)
	slices.SortFunc(r.samples, func(a, b sample) int { return int(a.due - b.due) })
	return r
}

// happen has events happen and returns where their first error is told, once they
// all have happened or ctx has ended.
func happen(ctx context.Context, events []event) <-chan error {
	told := make(chan error, 1)
	began := time.Now()
	var wg sync.WaitGroup
	errs := make([]error, len(events))
	for i, e := range events {
		wg.Go(func() {
			if pause(ctx, e.at-time.Since(began)) == nil {
				errs[i] = e.do()
			}
		})
	}
	go func() {
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				told <- err
				break
			}
		}
		close(told)
	}()
	return told
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
