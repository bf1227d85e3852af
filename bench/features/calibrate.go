package main

import (
	"context"

	"github.com/rankgate/rankgate/features/redis"
)

// Requests that a cache sees before its hits are counted, and while they are.
const (
	warmRequests  = 400
	probeRequests = 60
)

// sizeFor returns the bytes in which a store keeps the given share of the rows
// that a load asks for. It halves the range until the measured share is close.
func sizeFor(ctx context.Context, c *catalog, s *server, l *load, share float64) (int, error) {
	const closeEnough = 0.01
	low, high := 0, redis.DefaultConfig().Cache.Size
	for high-low > 64<<10 {
		size := (low + high) / 2
		got, err := hitRateOf(ctx, c, s, l, size)
		switch {
		case err != nil:
			return 0, err
		case got > share+closeEnough:
			high = size
		case got < share-closeEnough:
			low = size
		default:
			return size, nil
		}
	}
	return (low + high) / 2, nil
}

func hitRateOf(ctx context.Context, c *catalog, s *server, l *load, size int) (float64, error) {
	g, err := openGate(c, s, redis.Packed, size)
	if err != nil {
		return 0, err
	}
	defer g.close()
	l = l.from(0)
	if err := ask(ctx, g, l, warmRequests); err != nil {
		return 0, err
	}
	before := g.hits()
	if err := ask(ctx, g, l, probeRequests); err != nil {
		return 0, err
	}
	return float64(g.hits()-before) / float64(probeRequests*c.items), nil
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
