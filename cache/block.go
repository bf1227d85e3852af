package cache

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// block is one bigcache entry: the scores of one user under one model version
// and context. It is a hash table with linear probing, little-endian:
//
//	generation u32 | 0 u32 | slots × (hash u64 | score f32 | expires u32)
//
// The hash of an empty slot is 0. generation is that of the features that the
// youngest scores were made from. expires is in ticks of the cache's clock. A
// block is never changed once written, and its home slots are the upper bits of
// hash × slots, so a table need not be a power of two: four fifths are filled.
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
func newBlock(buf []byte, n int, generation uint32) block {
	slots := slotsFor(n)
	size := blockHeader + slots*slotSize
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	b := block(buf[:size])
	clear(b)
	binary.LittleEndian.PutUint32(b, generation)
	return b
}

func (b block) generation() uint32 { return binary.LittleEndian.Uint32(b) }

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

func readSlot(slot []byte) (score float32, expires uint32) {
	return math.Float32frombits(binary.LittleEndian.Uint32(slot[8:])), binary.LittleEndian.Uint32(slot[12:])
}

func writeSlot(slot []byte, hash uint64, score float32, expires uint32) {
	binary.LittleEndian.PutUint64(slot, hash)
	binary.LittleEndian.PutUint32(slot[8:], math.Float32bits(score))
	binary.LittleEndian.PutUint32(slot[12:], expires)
}

// each calls f with every pair of b.
func (b block) each(f func(hash uint64, score float32, expires uint32)) {
	for rest := b[blockHeader:]; len(rest) > 0; rest = rest[slotSize:] {
		if hash := binary.LittleEndian.Uint64(rest); hash != 0 {
			score, expires := readSlot(rest)
			f(hash, score, expires)
		}
	}
}
