package redis

import (
	"sync/atomic"
	"unsafe"

	"github.com/rankgate/rankgate/features"
)

// keptRow is a row, or the knowledge that there is none. Once others can see it, it is
// immutable but for changed. What tells whether it answers a look-up comes first: a
// look-up waits for memory more than for anything else.
type keptRow struct {
	hash  uint64
	epoch uint64
	until int64 // on the clock of keptRows: how long it counts as fresh

	// changed is set, and never cleared, when the server tells that the row
	// changed: the row stays as the one known last. It is set too when the cache
	// lets go of the row.
	changed atomic.Bool

	row        *features.Row
	user, item string   // whose it is: another pair of ids may have the same hash
	read       int64    // on that clock: when the server was asked
	ids        [24]byte // where user and item lie if they are short
}

func (e *keptRow) fresh(at int64, epoch uint64) bool {
	return at < e.until && e.epoch == epoch && !e.changed.Load()
}

func (e *keptRow) isOf(user, item string) bool { return e.item == item && e.user == user }

// answers reports whether e, which recent has, is what a look-up is for.
func (e *keptRow) answers(hash uint64, user, item string, at int64, epoch uint64) bool {
	return e.hash == hash && untold(hash, at) && e.fresh(at, epoch) && e.isOf(user, item)
}

// name says whose row e is.
func (e *keptRow) name(user, item string) {
	if len(user)+len(item) > len(e.ids) {
		e.user, e.item = user, item
		return
	}
	n := copy(e.ids[:], user)
	n += copy(e.ids[n:], item)
	ids := unsafe.String(&e.ids[0], n)
	e.user, e.item = ids[:len(user)], ids[len(user):]
}

// rowOverhead is what a kept row takes beside its values: the entry, the row,
// and what the cache needs to find and order it.
const rowOverhead = int(unsafe.Sizeof(keptRow{})+unsafe.Sizeof(features.Row{})) + 128

func (e *keptRow) weight() uint32 {
	n := rowOverhead + len(e.user) + len(e.item)
	if r := e.row; r != nil {
		n += 4*cap(r.Floats) + 8*len(r.Ints) + 8*len(r.Nulls)
		for _, s := range r.Strings {
			n += 16 + len(s)
		}
	}
	return uint32(min(n, 1<<31))
}

// block is a row that is to be kept, in one piece of memory: in four, each is waited
// for after the one before (BenchmarkKept).
type block[Floats any] struct {
	keptRow
	own    features.Row
	floats Floats
}

// newKeptRow returns one whose row is to be decoded yet, as if Layout.NewRow had made
// it. It has memory of its own, so that what is evicted is freed.
func newKeptRow(l *features.Layout) *keptRow {
	switch n := l.Floats(); {
	case n <= 8:
		return newBlock[[8]float32](l)
	case n <= 16:
		return newBlock[[16]float32](l)
	case n <= 24:
		return newBlock[[24]float32](l)
	case n <= 32:
		return newBlock[[32]float32](l)
	case n <= 48:
		return newBlock[[48]float32](l)
	case n <= 64:
		return newBlock[[64]float32](l)
	case n <= 128:
		return newBlock[[128]float32](l)
	default:
		row := l.NewRow()
		return &keptRow{row: &row}
	}
}

func newBlock[Floats any](l *features.Layout) *keptRow {
	b := new(block[Floats])
	b.row = &b.own
	l.NewRowAt(b.row, unsafe.Slice((*float32)(unsafe.Pointer(&b.floats)), unsafe.Sizeof(b.floats)/unsafe.Sizeof(float32(0))))
	return &b.keptRow
}
