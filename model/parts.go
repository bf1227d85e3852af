package model

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Parts keeps what rows of the feature store contribute to the first layer of one
// version's graph. A row is known by its address, so it must be immutable, and it is
// held while its part is kept. All passes of the version share it.
//
// The places are in sets of a few, which one cache line of addresses describes; a row's
// address says which set it belongs to. A new row takes the place that has been taken
// the longest: to note which are used would have readers write.
type Parts struct {
	width int

	mu      sync.RWMutex // guards what follows
	edition uint64       // of the rows
	rows    []unsafe.Pointer
	next    []uint8   // by set: the place that is taken next
	values  []float32 // by place, width of each

	known, computed atomic.Uint64 // rows of the store; added to by whoever fills a pass
}

// setSize is how many places a set has.
const setSize = 8

// NewParts returns an empty Parts of the given width whose places lie in memory, which
// may be outside of the Go heap.
func NewParts(width int, memory []float32) *Parts {
	sets := max(len(memory)/(width*setSize), 1)
	if len(memory) < width*setSize {
		memory = make([]float32, width*setSize)
	}
	return &Parts{width: width, values: memory, rows: make([]unsafe.Pointer, sets*setSize), next: make([]uint8, sets)}
}

// Stats returns how many rows' parts were known, and how many had to be computed.
func (k *Parts) Stats() (known, computed uint64) { return k.known.Load(), k.computed.Load() }

// set returns the first place of the set that a row belongs to.
func (k *Parts) set(row unsafe.Pointer) int {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: spreads addresses, which are all alike at their ends
	set, _ := bits.Mul64(uint64(uintptr(row))*golden, uint64(len(k.next)))
	return int(set) * setSize
}

// find returns the place of a row, -1 if it has none.
func (k *Parts) find(row unsafe.Pointer) int {
	first := k.set(row)
	for i, kept := range k.rows[first : first+setSize] {
		if kept == row {
			return first + i
		}
	}
	return -1
}

// Renew lets go of all rows of an edition before the given one, so that their memory is
// not held where no request comes any more.
func (k *Parts) Renew(edition uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renewLocked(edition)
}

func (k *Parts) renewLocked(edition uint64) {
	if edition > k.edition {
		clear(k.rows)
		k.edition = edition
	}
}

// keepLocked keeps the part of a row. Of an edition before that of the others, which a
// request may still have at hand, nothing is kept.
func (k *Parts) keepLocked(from source, part []float32) {
	k.renewLocked(from.edition)
	if from.edition == 0 || from.edition < k.edition || k.find(from.row) >= 0 {
		return
	}
	first := k.set(from.row)
	place := first + int(k.next[first/setSize])
	k.next[first/setSize] = (k.next[first/setSize] + 1) % setSize
	k.rows[place] = from.row
	copy(k.values[place*k.width:(place+1)*k.width], part)
}
