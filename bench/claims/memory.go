package claims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
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
			return errors.Join(s.ctx.Err(), errors.New("a request of a million pairs was not answered completely"))
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
