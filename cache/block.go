package cache

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// block is one bigcache entry: scores of one user under one model version and
// context. It is a hash table with linear probing, little-endian:
//
//	written u64 | slots × (hash u64 | score f32 | made u32)
//
// The hash of an empty slot is 0. written and made are in ticks of the cache's
// clock: when the block was, and the lower half of when the features of a score
// were looked up, which was no later than written and less than 2³² ticks
// before. A block is never changed once written, and its home slots are the
// upper bits of hash × slots, so a table need not be a power of two: four fifths
// are filled.
type block []byte

const (
	blockHeader = 8
	slotSize    = 16

	// maxPairs bounds one block; a user who sees more loses the oldest.
	maxPairs = 4096
)

// slotsFor returns the table size for n pairs.
func slotsFor(n int) int { return n + n/4 + 1 }

// newBlock returns an empty block for n pairs, in the memory of buf if it fits.
func newBlock(buf []byte, n int, written uint64) block {
	slots := slotsFor(n)
	size := blockHeader + slots*slotSize
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	b := block(buf[:size])
	clear(b)
	binary.LittleEndian.PutUint64(b, written)
	return b
}

func (b block) written() uint64 { return binary.LittleEndian.Uint64(b) }

// made returns the whole tick of which a slot holds the lower half.
func (b block) made(low uint32) uint64 {
	written := b.written()
	return written - uint64(uint32(written)-low)
}

// find returns the slot of hash, or the empty slot where it belongs.
func (b block) find(hash uint64) (slot []byte, found bool) {
	slots := (len(b) - blockHeader) / slotSize
	home, _ := bits.Mul64(hash, uint64(slots))
	for i := int(home); ; {
		slot = b[blockHeader+i*slotSize:][:slotSize]
		switch binary.LittleEndian.Uint64(slot) {
		case hash:
			return slot, true
		case 0:
			return slot, false
		}
		if i++; i == slots {
			i = 0
		}
	}
}

func readSlot(slot []byte) (score float32, made uint32) {
	return math.Float32frombits(binary.LittleEndian.Uint32(slot[8:])), binary.LittleEndian.Uint32(slot[12:])
}

func writeSlot(slot []byte, hash uint64, score float32, made uint32) {
	binary.LittleEndian.PutUint64(slot, hash)
	binary.LittleEndian.PutUint32(slot[8:], math.Float32bits(score))
	binary.LittleEndian.PutUint32(slot[12:], made)
}

// pairs goes over the pairs of b: the hash of each, and its slot. A nil block has none.
func (b block) pairs(yield func(hash uint64, slot []byte) bool) {
	for rest := b[min(blockHeader, len(b)):]; len(rest) > 0; rest = rest[slotSize:] {
		if hash := binary.LittleEndian.Uint64(rest); hash != 0 && !yield(hash, rest[:slotSize]) {
			return
		}
	}
}

// put adds a pair that b does not know yet and returns 1, or 0.
func (b block) put(hash uint64, score float32, made uint64) int {
	slot, found := b.find(hash)
	if found {
		return 0
	}
	writeSlot(slot, hash, score, uint32(made))
	return 1
}

// alive counts the pairs of b made at first or later, but those that other has. A nil
// block has none.
func (b block) alive(first uint64, other block) int {
	n := 0
	for hash, slot := range b.pairs {
		if _, low := readSlot(slot); b.made(low) >= first && !other.has(hash) {
			n++
		}
	}
	return n
}

// has reports whether b has a pair of that hash, however old. A nil block has none.
func (b block) has(hash uint64) bool {
	if b == nil {
		return false
	}
	_, found := b.find(hash)
	return found
}

// carry moves the pairs of old that were made at first or later into b, until there is
// no room for more; of a pair that both have, the score that was made later stays. It
// returns the room that is left. Of a nil block nothing is moved.
func (b block) carry(old block, first uint64, room int) int {
	for hash, from := range old.pairs {
		score, low := readSlot(from)
		made := min(old.made(low), b.written()) // whose clock was behind, if that is later
		if made < first {
			continue
		}
		to, found := b.find(hash)
		if found {
			if _, low := readSlot(to); made > b.made(low) {
				writeSlot(to, hash, score, uint32(made))
			}
		} else if room > 0 {
			writeSlot(to, hash, score, uint32(made))
			room--
		}
	}
	return room
}

// youngest returns when the n-th youngest pair of b was made, of those that later does
// not have.
func (b block) youngest(n int, later block) uint64 {
	var all []uint64
	for hash, slot := range b.pairs {
		if !later.has(hash) {
			_, low := readSlot(slot)
			all = append(all, b.made(low))
		}
	}
	slices.Sort(all)
	return all[len(all)-max(n, 1)]
}
