package batcher

import (
	"math/bits"
	"sync/atomic"
)

// Stats is what a Batcher has done since it was made.
type Stats struct {
	Passes   uint64 // forward passes, retries included
	Rows     uint64 // rows in them
	Requests uint64 // requests, or parts of large ones, in them; Rows / Requests is their mean size
	Late     uint64 // times that rows were turned away because the budget did not hold their pass
	Gone     uint64 // requests dropped because their caller had left
	Failed   uint64 // forward passes that returned an error
	BadRows  uint64 // rows that the model refused even alone
	Queued   int    // rows that wait now

	// Sizes counts passes by size: Sizes[i] had more than 2^(i-1) and at most
	// 2^i rows.
	Sizes [NumSizes]uint64
}

// NumSizes is how many powers of two Stats.Sizes tells apart; larger passes
// count with the last.
const NumSizes = 14

// Stats returns the counters. Each is exact; together they are a moment apart.
func (b *Batcher) Stats() Stats {
	s := Stats{
		Passes:   b.stats.passes.Load(),
		Rows:     b.stats.rows.Load(),
		Requests: b.stats.requests.Load(),
		Late:     b.stats.late.Load(),
		Gone:     b.stats.gone.Load(),
		Failed:   b.stats.failed.Load(),
		BadRows:  b.stats.badRows.Load(),
		Queued:   int(b.stats.queuedRows.Load()),
	}
	for i := range s.Sizes {
		s.Sizes[i] = b.stats.sizes[i].Load()
	}
	return s
}

// Plus adds the counters of another Batcher.
func (s Stats) Plus(o Stats) Stats {
	s.Passes += o.Passes
	s.Rows += o.Rows
	s.Requests += o.Requests
	s.Late += o.Late
	s.Gone += o.Gone
	s.Failed += o.Failed
	s.BadRows += o.BadRows
	s.Queued += o.Queued
	for i, n := range o.Sizes {
		s.Sizes[i] += n
	}
	return s
}

// counters are added to by whoever leads or leaves, and read by Stats.
type counters struct {
	passes, rows, requests, late, gone, failed, badRows atomic.Uint64

	queuedRows atomic.Int64
	sizes      [NumSizes]atomic.Uint64
}

func (c *counters) pass(rows, requests int) {
	c.passes.Add(1)
	c.rows.Add(uint64(rows))
	c.requests.Add(uint64(requests))
	c.sizes[min(bits.Len(uint(max(rows, 1)-1)), NumSizes-1)].Add(1)
}
