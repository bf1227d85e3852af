package features

import (
	"math"
	"math/bits"
	"time"
)

// snapshot is everything that a Memory store holds at one moment. It is built
// by one goroutine and never written again, so requests read it without a lock.
type snapshot struct {
	users  *dictionary
	items  *dictionary
	tables []table // by Registry.Views

	edition uint64 // see Lookup.Edition; written before it is published
}

// table is one view of a snapshot.
type table struct {
	key     viewKey
	byOwner []*Row    // view of users or items: by number of the dictionary, nil where there is no row
	pairs   pairIndex // view of pairs
	byRow   []Row     // view of pairs: what pairs points into
	missing Row       // stands in for a row that is not there
	info    ViewInfo
}

// ViewInfo describes what a Memory store holds of one view.
type ViewInfo struct {
	Name      string
	Rows      int
	NonFinite int       // cells that were NaN or infinite in the source and count as null
	Newest    time.Time // latest event time; zero if rows carry none
}

func (b *Builder) snapshot() *snapshot {
	s := &snapshot{users: b.users, items: b.items, edition: 1}
	for _, t := range b.tables {
		s.tables = append(s.tables, t.table())
	}
	return s
}

// table learns the defaults from the rows gathered, bakes them into the null
// cells, and indexes the rows.
func (t *tableBuilder) table() table {
	missing := t.layout.constants()
	for i := range t.layout.Cells {
		t.learn(&t.layout.Cells[i], &missing)
	}
	rows := make([]Row, len(t.keys))
	newest := int64(0)
	for i := range rows {
		rows[i] = t.finish(i, &missing)
		newest = max(newest, rows[i].Time)
	}
	out := table{key: keyOf(t.view.Entities), missing: missing}
	out.info = ViewInfo{Name: t.view.Name, Rows: len(rows), NonFinite: t.nonFinite}
	if newest != 0 {
		out.info.Newest = time.UnixMilli(newest)
	}
	switch out.key {
	case userKey:
		out.byOwner = make([]*Row, t.builder.users.size())
		for i, key := range t.keys {
			out.byOwner[key>>32] = &rows[i]
		}
	case itemKey:
		out.byOwner = make([]*Row, t.builder.items.size())
		for i, key := range t.keys {
			out.byOwner[uint32(key)] = &rows[i]
		}
	default:
		out.byRow = rows
		out.pairs = newPairIndex(t.keys, t.builder.users.size())
	}
	return out
}

// finish returns row i as it is published.
func (t *tableBuilder) finish(i int, missing *Row) Row {
	row := t.row(i)
	row.Time = t.times[i]
	t.layout.Finish(&row, missing)
	return row
}

// learn finds the default of a column that says mean or most_frequent, over
// the values that are not null. Without any it stays zero.
func (t *tableBuilder) learn(c *Cell, missing *Row) {
	l := newLearner(c, math.MaxInt)
	if l == nil {
		return
	}
	for i := range t.keys {
		if row := t.row(i); !row.Null(c.Bit) {
			l.add(&row)
		}
	}
	l.set(missing)
}

// pairIndex finds the row of a user and an item. Each user owns a small open
// hash table of item numbers, found once per request, so that a candidate costs
// one probe into memory that the candidates before it have just touched.
type pairIndex struct {
	from  []int // by user: its table is slots[from[u]:from[u+1]], a power of two long or empty
	slots []pairSlot
}

type pairSlot struct {
	item uint32 // 0: free
	row  uint32
}

func newPairIndex(keys []uint64, users int) pairIndex {
	counts := make([]int, users)
	for _, key := range keys {
		counts[key>>32]++
	}
	p := pairIndex{from: make([]int, users+1)}
	for u, n := range counts {
		size := 0
		if n > 0 {
			size = 1 << bits.Len(uint(n+n/2)) // at most two thirds full
		}
		p.from[u+1] = p.from[u] + size
	}
	p.slots = make([]pairSlot, p.from[users])
	for i, key := range keys {
		own := p.of(uint32(key >> 32))
		at := spread(uint32(key), len(own))
		for own[at].item != 0 {
			at = (at + 1) & (len(own) - 1)
		}
		own[at] = pairSlot{item: uint32(key), row: uint32(i)}
	}
	return p
}

// of returns the table of a user, empty if there is none.
func (p *pairIndex) of(user uint32) []pairSlot {
	return p.slots[p.from[user]:p.from[user+1]]
}

// spread is the slot at which the search for an item starts. Item numbers
// follow the order of the source, not the will of a caller, so the
// multiplication need not be keyed.
func spread(item uint32, slots int) int {
	return int(uint64(item)*0x9e3779b97f4a7c15>>32) & (slots - 1)
}
