package edge

import (
	"hash/maphash"

	"github.com/rankgate/rankgate/rank"
)

// Names finds a name that an object gives twice in one step, however many
// names there are, and keeps none of them: it holds indexes into the object's
// fields. Its hash is seeded, so that a caller can't make names collide.
type Names struct {
	seed  maphash.Seed
	slots []slot // open addressing; a power of two, at most half of it in use
	round uint32 // slots of other rounds are empty
}

type slot struct {
	round uint32
	field int32
}

// Differ reports whether name differs from those of an object's fields so far. anew
// says that it is the first one asked about.
func (n *Names) Differ(name string, before []rank.Field, anew bool) bool {
	if anew {
		n.reset()
		for i := range before {
			n.add(before[:i], before[i].Name)
		}
	}
	return n.add(before, name)
}

// reset forgets the object.
func (n *Names) reset() {
	if n.round++; n.round == 0 || n.slots == nil {
		n.seed, n.slots, n.round = maphash.MakeSeed(), make([]slot, 64), 1
	}
}

// add notes that name comes after fields, all of which were added before. It
// returns false if one of them has the name already.
func (n *Names) add(fields []rank.Field, name string) bool {
	if len(fields)*2 >= len(n.slots) {
		n.slots = make([]slot, 2*len(n.slots))
		for i := range fields {
			*n.find(fields, fields[i].Name) = slot{round: n.round, field: int32(i)}
		}
	}
	s := n.find(fields, name)
	if s.round == n.round {
		return false
	}
	*s = slot{round: n.round, field: int32(len(fields))}
	return true
}

// find returns the slot of name, or the empty one where it belongs.
func (n *Names) find(fields []rank.Field, name string) *slot {
	mask := uint64(len(n.slots) - 1)
	for i := maphash.String(n.seed, name); ; i++ {
		if s := &n.slots[i&mask]; s.round != n.round || fields[s.field].Name == name {
			return s
		}
	}
}
