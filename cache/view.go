package cache

import "unsafe"

// View is what one request has seen of the cache: the scores of its Key as they
// were when it looked. It is reused from request to request.
//
// They lie in two blocks, so that a few new scores beside many known ones do not
// cost a copy of them all: the new ones go to young, and old is written anew when
// young would outgrow its share. A pair may be in both, made later in either, for
// requests of a user may overlap. So a look-up takes whichever score is fresh.
type View struct {
	oldKey, youngKey blockKey
	old, young       block  // private copies, nil if there was none
	seen             uint64 // tick of the look-up
	youngs, olds     []byte // memory of the blocks that are written
}

// youngShare is how many times the size of young old has at least. So a new score pays
// for as many copies of old ones, and each request for a copy of young, which is half
// full in the mean: see BenchmarkStore.
const youngShare = 8

// Forget lets go of what was seen.
func (v *View) Forget() { v.old, v.young = nil, nil }

// merge returns a block of the pairs of young and of those of old that were made at
// first or later: of more than a block holds, the younger ones.
func (v *View) merge(young block, first uint64) block {
	if v.old == nil {
		return young
	}
	n := young.alive(0, nil)
	alive := v.old.alive(first, young)
	room := min(alive, maxPairs-n)
	b := newBlock(v.olds, n+room, young.written())
	v.olds = b
	b.carry(young, 0, n)
	if room < alive { // slow path
		first = v.old.youngest(room, young)
		room = b.carry(v.old, first+1, room)
	}
	b.carry(v.old, first, room)
	return b
}

// blockKey names a block in bigcache.
type blockKey [16]byte

// name is k as bigcache takes it, which keeps none.
func name(k *blockKey) string { return unsafe.String(&k[0], len(k)) }
