package main

import (
	"context"
	"math"
	"slices"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// Requests that a cache sees before its hits are counted, and while they are.
const (
	warmRequests  = 400
	probeRequests = 60
)

// sizeFor returns the bytes in which a store keeps the given share of the rows
// that a load asks for, when a row takes so many. It begins with room for the most
// popular items and goes on by what the store makes of it.
func sizeFor(ctx context.Context, c *catalog, s *server, l *load, share, rowBytes float64) (size int, err error) {
	const closeEnough, tries, most = 0.01, 5, 0.999
	aim := share
	for range tries {
		size = int(rowBytes * float64(l.itemsFor(aim)))
		got, err := hitRateOf(ctx, c, s, l, size)
		if err != nil || math.Abs(got-share) < closeEnough {
			return size, err
		}
		aim = min(aim+share-got, most)
	}
	return size, nil
}

// itemsFor returns how many items, the most popular first, get the given share of
// what the load asks for.
func (l *load) itemsFor(share float64) (items int) {
	asked := map[int32]int{}
	all := 0
	for _, request := range l.requests {
		all += len(request)
		for _, item := range request {
			asked[item]++
		}
	}
	popular := make([]int, 0, len(asked))
	for _, n := range asked {
		popular = append(popular, n)
	}
	slices.Sort(popular)
	for got := 0; float64(got) < share*float64(all); items++ {
		got += popular[len(popular)-1-items]
	}
	return items
}

func hitRateOf(ctx context.Context, c *catalog, s *server, l *load, size int) (float64, error) {
	g, err := openGate(c, s, redis.Packed, size, features.TrackingKeys)
	if err != nil {
		return 0, err
	}
	defer g.close()
	if err := warm(ctx, c, g, l); err != nil {
		return 0, err
	}
	before := g.hits()
	if err := ask(ctx, g, l.from(warmRequests), probeRequests); err != nil {
		return 0, err
	}
	return float64(g.hits()-before) / float64(probeRequests*c.items), nil
}

// warm lets a cache see every item once, so that none is new to it, and then what
// it will be asked for. A load of one request it sees alone.
func warm(ctx context.Context, c *catalog, a asker, l *load) error {
	if len(l.requests) > 1 {
		if err := c.inTurn(ctx, a); err != nil {
			return err
		}
	}
	return ask(ctx, a, l.from(0), warmRequests)
}

// ask asks for a number of requests that are not measured.
func ask(ctx context.Context, a asker, l *load, requests int) error {
	for range requests {
		a.prepare(l.take())
		if err := a.ask(ctx); err != nil {
			return err
		}
	}
	return nil
}
