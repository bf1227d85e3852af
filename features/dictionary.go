package features

import (
	"hash/maphash"
	"math/bits"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// dictionary numbers the ids of one entity, densely from 1 in the order in
// which they were first added; 0 means that an id is not there. All views of a
// snapshot share one per entity, so that a candidate's id is hashed once
// however many views are read. It is not written any more once the snapshot is
// published.
//
// It is a hash table with linear probing. An id of up to eight bytes is in its
// slot itself, so looking it up reads one cache line, where a map reads three:
// among more ids than fit into a core's cache that is most of what a look-up
// costs, see BenchmarkDictionaryAgainstMap.
type dictionary struct {
	slots []dictionarySlot // a power of two, at most two thirds of them taken
	names []string         // by number
	arena strings.Builder  // of the names
	seed  maphash.Seed     // drawn anew for each, so that nobody can choose ids that collide
	key   uint64           // as seed, for ids that are in their slots
}

// dictionarySlot is a digest and the number of its id, in 16 bytes: none lies across
// two cache lines.
type dictionarySlot struct {
	word           uint64
	length, number uint32 // number 0: free
}

func (s *dictionarySlot) has(g idDigest) bool { return s.word == g.word && s.length == g.length }

// idDigest stands for an id: it is all of one of up to eight bytes, and a hash of
// a longer one.
type idDigest struct {
	word   uint64
	length uint32
}

func (g idDigest) whole() bool { return g.length <= 8 }

const (
	minDictionary = 64      // slots
	arenaSize     = 1 << 16 // bytes of ids per allocation
)

func newDictionary() *dictionary {
	d := &dictionary{slots: make([]dictionarySlot, minDictionary), names: make([]string, 1), seed: maphash.MakeSeed()}
	d.key = maphash.String(d.seed, "key")
	return d
}

// size is one more than the greatest number.
func (d *dictionary) size() int { return len(d.names) }

func (d *dictionary) find(id string) uint32 { return d.slot(d.digest(id), id).number }

// findAll is find for some items of req. It digests several ids before it looks
// for the first, so that the reads of their slots do not wait for each other.
func (d *dictionary) findAll(req *rank.Request, items []int32, numbers []uint32) {
	var digests [16]idDigest
	var homes [len(digests)]int
	for from := 0; from < len(items); from += len(digests) {
		part := items[from:min(from+len(digests), len(items))]
		for i, item := range part {
			digest := d.digest(req.Items[item].ID)
			digests[i], homes[i] = digest, d.home(digest)
		}
		for i, item := range part {
			slot := &d.slots[homes[i]]
			if digest := digests[i]; !slot.has(digest) || !digest.whole() { // slow path: another id, or a long one
				slot = d.slot(digest, req.Items[item].ID)
			}
			numbers[from+i] = slot.number
		}
	}
}

// add returns the number of id, which is new if it was not there.
func (d *dictionary) add(id string) uint32 {
	digest := d.digest(id)
	slot := d.slot(digest, id)
	if slot.number != 0 {
		return slot.number
	}
	n := uint32(d.size())
	d.names = append(d.names, d.keep(id))
	*slot = dictionarySlot{digest.word, digest.length, n}
	if 3*d.size() > 2*len(d.slots) {
		d.grow()
	}
	return n
}

// slot returns the slot of id, or the free one where it belongs.
func (d *dictionary) slot(digest idDigest, id string) *dictionarySlot {
	for at := d.home(digest); ; at++ {
		slot := &d.slots[at&(len(d.slots)-1)]
		if slot.number == 0 || slot.has(digest) && (digest.whole() || d.names[slot.number] == id) {
			return slot
		}
	}
}

// home is where the search for an id starts.
func (d *dictionary) home(digest idDigest) int {
	high, low := bits.Mul64(digest.word^d.key, 0x9e3779b97f4a7c15)
	return int(high^low) & (len(d.slots) - 1)
}

func (d *dictionary) digest(id string) idDigest {
	g := idDigest{length: uint32(len(id))}
	switch n := len(id); {
	case n > 8:
		g.word = maphash.String(d.seed, id)
	case n >= 4:
		g.word = uint64(fourBytes(id)) | uint64(fourBytes(id[n-4:]))<<32 // the two may overlap
	case n > 0:
		g.word = uint64(id[0]) | uint64(id[n/2])<<8 | uint64(id[n-1])<<16
	}
	return g
}

// fourBytes returns the first four bytes of s in one word.
func fourBytes(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]dictionarySlot, 2*len(old))
	for _, slot := range old {
		if slot.number != 0 {
			*d.slot(idDigest{slot.word, slot.length}, d.names[slot.number]) = slot
		}
	}
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
