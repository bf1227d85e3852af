package claims

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

const millionPairs = 1_000_000

// memory is about what a million scored pairs take.
func (s *session) memory() error {
	w := parse("small/200/cold")
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{Sections: gateway.Sections{"cache": "{size: 256MiB, ttl: 1h}"}})
	if err != nil {
		return err
	}
	defer g.Close()
	if _, err := g.Slice(s.ctx, time.Second); err != nil { // pools and connections grow first
		return err
	}
	before, err := settled(s.ctx, g)
	if err != nil {
		return err
	}
	requests := millionPairs / w.Least
	for n := range requests {
		if sample := g.Generator().One(s.ctx, g.Stream, n); sample.Outcome != load.OK {
			return fmt.Errorf("a request of a million pairs was not answered completely (%v)", s.ctx.Err())
		}
	}
	g.Stream.Advance(requests)
	after, err := settled(s.ctx, g)
	if err != nil {
		return err
	}
	s.claim(result.Claim{
		Name: "memory of a cached pair, of a million", Workload: w.String(), Unit: "B", Bound: 24,
		Note: "growth of the Go heap in use, after garbage collection",
	}, exactly((after-before)/millionPairs))
	return nil
}

// settled is the heap in use once garbage has been collected.
func settled(ctx context.Context, g *stack.Server) (float64, error) {
	url := fmt.Sprintf("http://%s/debug/pprof/heap?gc=1", g.Gateway().Admin)
	for range 2 { // what pools let go of in the first collection goes in the second
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return 0, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil {
			return 0, err
		}
	}
	return g.Gateway().Metric("go_memstats_heap_inuse_bytes")
}

// Times of the soak.
const (
	soakLength = 30 * time.Minute
	soakSettle = 8 * time.Minute // for the cache to fill, which is not counted
	soakStep   = 5 * time.Second
)

// soak is about memory that stays what it is. It takes longer than the usual run has.
func (s *session) soak() error {
	w := parse("small/100-700/90%")
	claim := result.Claim{
		Name: "growth of the resident memory in an hour, seen for 30 minutes", Workload: w.String(), Unit: "%", Bound: 1,
	}
	if !s.full {
		claim.Note = "only the long run measures it (make bench ARGS=--full)"
		s.result.Claims = append(s.result.Claims, claim)
		return nil
	}
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	curve, err := Soak(s.ctx, g, soakSettle, soakLength)
	if err != nil {
		return err
	}
	mean := 0.0
	for _, p := range curve {
		mean += p[1] / float64(len(curve))
	}
	s.result.Series = append(s.result.Series, result.Series{
		Name: "Resident memory under load", X: "minutes", Y: "MB",
		Text:   "A level line means that nothing is kept for ever. The first minutes, in which the cache fills, are left out.",
		Curves: []result.Curve{{Name: stack.GatewayName, XY: curve}},
	})
	s.claim(claim, exactly(100*60*measure.Slope(curve)/mean))
	return nil
}

// Soak keeps a server busy at half of what it can do, and returns its resident memory
// in MB by minute, once it has had time to settle.
func Soak(ctx context.Context, g *stack.Server, settle, length time.Duration) ([][2]float64, error) {
	slice, err := g.Slice(ctx, 2*time.Second)
	if err != nil {
		return nil, err
	}
	rate := float64(slice.Requests) / slice.Length.Seconds() / 2
	var curve [][2]float64
	for began, n := time.Now(), uint64(0); time.Since(began) < settle+length; n++ {
		samples, err := g.Target().At(ctx, rate, soakStep, n)
		if err != nil {
			return nil, err
		}
		if bad := len(samples) - len(samples.With(load.OK)); bad > 0 {
			return nil, fmt.Errorf("%d of %d answers are not complete", bad, len(samples))
		}
		bytes, err := g.RSS()
		if err != nil {
			return nil, err
		}
		if at := time.Since(began) - settle; at >= 0 {
			curve = append(curve, [2]float64{at.Minutes(), float64(bytes) / 1e6})
		}
	}
	return curve, nil
}
