package claims

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// The cache whose memory is measured, and so many pairs that it is full.
const (
	fullCache  = "{size: 32MiB, ttl: 1h}"
	pairsAsked = 2_400_000
	leastPairs = 1_000_000 // that it must hold for the claim to be about as many
)

// memory is about what more than a million scored pairs take in a cache that is full:
// before it is, it grows by doubling.
func (s *session) memory() error {
	w := parse("small/200/cold")
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{Sections: gateway.Sections{"cache": fullCache}})
	if err != nil {
		return err
	}
	defer g.Close()
	before, err := settled(s.ctx, g)
	if err != nil {
		return err
	}
	requests := pairsAsked / w.Least
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
	users, err := g.Gateway().Metric("rankgate_cache_blocks")
	if err != nil {
		return err
	}
	pairs := users * float64(w.Least) // each user has asked once
	if pairs < leastPairs {
		return fmt.Errorf("the cache holds %.0f pairs; the claim is about %d", pairs, leastPairs)
	}
	s.claim(result.Claim{
		Name: "memory of a cached pair, of more than a million", Workload: w.String(), Unit: "B", Bound: 24,
		Note: fmt.Sprintf("growth of the Go heap in use by the %.2f million pairs of a full cache of 32 MiB; one that still grows has room for "+
			"up to as much again", pairs/1e6),
	}, exactly((after-before)/pairs))
	return nil
}

// settled is the heap in use once garbage has been collected.
func settled(ctx context.Context, g *stack.Server) (float64, error) {
	url := fmt.Sprintf("http://%s/debug/pprof/heap?gc=1", g.Gateway().Admin)
	for range 2 { // what pools let go of in the first collection goes in the second
		if _, err := gateway.Fetch(ctx, http.MethodGet, url, nil); err != nil {
			return 0, err
		}
	}
	return g.Gateway().Metric("go_memstats_heap_inuse_bytes")
}
