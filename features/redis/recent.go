package redis

import (
	"math/bits"
	"sync/atomic"
)

// recent remembers where the rows are that were asked for last, so that most look-ups
// find theirs with one step in place of the five or so, each to memory that is not at
// hand, of the cache that holds them (BenchmarkKept).
//
// It decides nothing: a row counts only while it is fresh, and a row that the cache
// lets go of is marked as changed before anything else can take its place.
type recent struct {
	slots []atomic.Pointer[keptRow] // a power of two; any request writes, and a row is never changed
}

const (
	usualRow  = 512 // bytes: a slot for each of those that there is room for
	mostSlots = 1 << 18
)

// newRecent is for a cache of so many bytes.
func newRecent(size int) recent {
	n := min(max(size/usualRow, 1), mostSlots)
	r := recent{slots: make([]atomic.Pointer[keptRow], 1<<(bits.Len(uint(n))-1))}
	for i := range r.slots {
		r.slots[i].Store(&nobody)
	}
	return r
}

// nobody is in a slot that has no row. It is never fresh.
var nobody keptRow

// forget lets go of a row, so that it does not take memory for longer than the cache
// holds it.
func (r *recent) forget(e *keptRow) { r.slot(e.hash).CompareAndSwap(e, &nobody) }

// remember puts a row into its slot. The cache may let go of it meanwhile:
//
//	look-up                         eviction
//	 finds the row in the cache
//	                                marks it as changed
//	                                forget: it is not in the slot
//	 puts it there                                                ← for as long as nobody takes the slot
//
// So whoever put it there looks again.
func (r *recent) remember(e *keptRow) {
	r.slot(e.hash).Store(e)
	if e.changed.Load() {
		r.forget(e)
	}
}

func (r *recent) slot(hash uint64) *atomic.Pointer[keptRow] {
	return &r.slots[hash&uint64(len(r.slots)-1)]
}

// guesses are some look-ups, and the rows that may answer them.
type guesses struct {
	hashes [64]uint64 // of the look-ups
	rows   [64]*keptRow
	found  [64]uint64 // the hashes of rows
	read   [64]int64  // their times
}

func (g *guesses) room() int { return len(g.rows) }

// guess fills in the rows of the first n look-ups. It reads both cache lines that tell
// whether a row will do. Where each row is judged before the next one is read, the
// processor waits for them one by one; here it has as many on their way as it can
// (BenchmarkKept).
func (r *recent) guess(g *guesses, n int) {
	for i, hash := range g.hashes[:n] {
		g.rows[i] = r.slot(hash).Load()
	}
	for i, e := range g.rows[:n] {
		g.found[i], g.read[i] = e.hash, e.read
	}
}

// untold decides which of the look-ups that recent could answer the cache answers all
// the same: it has to see some of them, evenly, to know which rows are popular.
func untold(hash uint64, at int64) bool { return (hash>>32^uint64(at)>>4)%16 != 0 }
