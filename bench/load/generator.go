package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Generator sends the requests of loads, by vegeta.
type Generator struct {
	transport *http.Transport
}

// Bounds of the generator, which no load is meant to come near.
const (
	startWorkers  = 64
	mostWorkers   = 8192
	answerTimeout = 10 * time.Second
)

// New returns a generator that keeps connections for idle, or for as long as the
// server does if that is 0.
func New(idle time.Duration) *Generator {
	return &Generator{&http.Transport{MaxIdleConnsPerHost: mostWorkers, IdleConnTimeout: idle, DisableCompression: true}}
}

// Close closes the connections that it keeps.
func (g *Generator) Close() { g.transport.CloseIdleConnections() }

// Open sends requests when they are due, whatever becomes of those before. What a
// request took is counted from when it was due: a generator that waits, or a server
// that makes it wait, hides nothing. It fails if ctx ends, an event fails, or not all
// requests were sent.
func (g *Generator) Open(ctx context.Context, l Load, due Schedule, events ...Event) (*Run, error) {
	p := &pacer{due: due}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	happened := happen(ctx, events)
	r := g.attack(ctx, l, p, startWorkers, mostWorkers, 0, func(res *vegeta.Result, s *Sample) {
		s.Due = due[res.Seq]
		s.Lag = res.Timestamp.Sub(p.began) - s.Due
		s.Took = s.Lag + res.Latency
	})
	err := ctx.Err()
	if err == nil && len(r.Samples) < len(due) {
		err = fmt.Errorf("%d of %d requests were sent", len(r.Samples), len(due))
	}
	if err == nil {
		return r, <-happened
	}
	cancel()
	for range happened { // their errors follow from this one
	}
	return r, err
}

// Closed has so many callers ask, each again as soon as it has its answer. It shows
// what can be served, not how long a caller waits: samples have no Due and no Lag.
func (g *Generator) Closed(ctx context.Context, l Load, callers uint64, length time.Duration) (*Run, error) {
	r := g.attack(ctx, l, vegeta.ConstantPacer{}, callers, callers, length, func(res *vegeta.Result, s *Sample) {
		s.Took = res.Latency
	})
	return r, ctx.Err()
}

func (g *Generator) attack(ctx context.Context, l Load, p vegeta.Pacer, workers, most uint64, length time.Duration,
	time_ func(*vegeta.Result, *Sample),
) *Run {
	attacker := vegeta.NewAttacker(vegeta.Workers(workers), vegeta.MaxWorkers(most),
		vegeta.Client(&http.Client{Transport: g.transport, Timeout: answerTimeout}))
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	var next atomic.Int64
	targets := func(t *vegeta.Target) error {
		t.Method = http.MethodPost
		l.Request(int(next.Add(1)-1), t)
		return nil
	}
	r := &Run{Words: map[string]int{}}
	began := time.Now()
	for res := range attacker.Attack(targets, p, length, "") {
		var s Sample
		l.Judge(res, &s)
		time_(res, &s)
		r.Samples = append(r.Samples, s)
		if s.Outcome == Failed {
			r.Words[fmt.Sprintf("%s %.200s", res.Error, res.Body)]++
		}
	}
	r.Length = time.Since(began)
	slices.SortFunc(r.Samples, func(a, b Sample) int { return int(a.Due - b.Due) })
	return r
}

// One sends the n-th request of a load, as a caller who leaves when ctx ends.
func (g *Generator) One(ctx context.Context, l Load, n int) (s Sample) {
	var t vegeta.Target
	l.Request(n, &t)
	began := time.Now()
	res := vegeta.Result{}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(t.Body))
	if err == nil {
		request.Header = t.Header
		var response *http.Response
		if response, err = g.transport.RoundTrip(request); err == nil {
			defer response.Body.Close()
			if res.Body, err = io.ReadAll(response.Body); err == nil { // half an answer is none
				res.Code = uint16(response.StatusCode)
			}
		}
	}
	l.Judge(&res, &s)
	s.Took = time.Since(began)
	return s
}
