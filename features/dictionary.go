package features

import "strings"

// dictionary numbers the ids of one entity, densely from 1 in the order in
// which they were first added; 0 means that an id is not there. All views of a
// snapshot share one per entity, so that a candidate's id is hashed once
// however many views are read.
type dictionary struct {
	numbers map[string]uint32 // not written any more once the snapshot is published
	arena   strings.Builder
}

// arenaSize is the bytes of ids per allocation.
const arenaSize = 1 << 16

func newDictionary() *dictionary { return &dictionary{numbers: map[string]uint32{}} }

// size is one more than the greatest number.
func (d *dictionary) size() int { return len(d.numbers) + 1 }

func (d *dictionary) find(id string) uint32 { return d.numbers[id] }

// add returns the number of id, which is new if it was not there.
func (d *dictionary) add(id string) uint32 {
	if n := d.numbers[id]; n != 0 {
		return n
	}
	n := uint32(d.size())
	d.numbers[d.keep(id)] = n
	return n
}

// keep copies id next to the ids before it.
func (d *dictionary) keep(id string) string {
	if d.arena.Cap()-d.arena.Len() < len(id) {
		d.arena = strings.Builder{}
		d.arena.Grow(max(arenaSize, len(id)))
	}
	from := d.arena.Len()
	d.arena.WriteString(id)
	return d.arena.String()[from:]
}
