package main

import (
	"context"
	"runtime"
	"strconv"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// memory is what one row takes, in bytes.
type memory struct {
	packed, feast float64 // in the server, its key included
	kept, weighed float64 // decoded in rankgate's cache: of the heap, and as the cache counts it
	cachedPacked  float64 // in rueidis's cache, of the heap
	cachedFeast   float64
}

// sampledKeys is enough: all rows of a view have the same length.
const sampledKeys = 1000

func measureMemory(ctx context.Context, c *catalog, s *server) (m memory, err error) {
	if m.packed, err = s.bytesPerKey(ctx, c.packedKeys[:sampledKeys]); err != nil {
		return m, err
	}
	if m.feast, err = s.bytesPerKey(ctx, c.feastKeys[:sampledKeys]); err != nil {
		return m, err
	}
	open := func() (asker, error) { return openGate(c, s, redis.Packed, everything, features.TrackingKeys) }
	m.kept, err = heapPerRow(ctx, c, open, func(a asker) {
		view := a.(*gate).store.Stats().Views[0]
		m.weighed = float64(view.Bytes) / float64(view.Rows)
	})
	if err != nil {
		return m, err
	}
	ignore := func(asker) {}
	m.cachedPacked, err = heapPerRow(ctx, c, func() (asker, error) { return openCached(c, s, redis.Packed, everything) }, ignore)
	if err != nil {
		return m, err
	}
	m.cachedFeast, err = heapPerRow(ctx, c, func() (asker, error) { return openCached(c, s, redis.Feast, everything) }, ignore)
	return m, err
}

// heapPerRow returns by how much the heap grows when a cache takes all rows in.
func heapPerRow(ctx context.Context, c *catalog, open func() (asker, error), look func(asker)) (float64, error) {
	a, err := open()
	if err != nil {
		return 0, err
	}
	defer a.close()
	before := heap()
	if err := c.inTurn(ctx, a); err != nil {
		return 0, err
	}
	after := heap()
	look(a)
	return float64(after-before) / float64(len(c.records)), nil
}

// heap is what is in use after a collection.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the first may have left what it found for the next
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func (m *memory) rows(s shape) [][]string {
	one := func(what string, bytes float64) []string {
		return []string{s.String(), what, strconv.FormatFloat(bytes, 'f', 0, 64), times(bytes / m.packed)}
	}
	return [][]string{
		one("server, packed: key, value and its place (`MEMORY USAGE`)", m.packed),
		one("server, Feast's hash (`MEMORY USAGE`)", m.feast),
		one("rankgate, decoded row kept: of the heap", m.kept),
		one("rankgate, decoded row kept: as its cache weighs it", m.weighed),
		one("rueidis, MGetCache: of the heap", m.cachedPacked),
		one("rueidis, HMGETs by DoMultiCache: of the heap", m.cachedFeast),
	}
}
