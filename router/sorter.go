package router

import (
	"math"
	"slices"

	"github.com/rankgate/rankgate/rank"
)

// sorter puts candidates into the order of an answer. It keeps its memory from one answer
// to the next.
type sorter struct {
	keys   []uint64 // from its highest bit down: the score, so that higher ones come first, and the candidate
	other  []uint64 // as long as keys
	counts [4][256]int32
}

// resize makes room for n candidates.
func (s *sorter) resize(n int) { s.keys, s.other = resize(s.keys, n), resize(s.other, n) }

// put gives a candidate its score, which is not NaN. Whoever has the fallback for a score
// comes behind all others.
func (s *sorter) put(candidate int, score float32, source rank.Source) {
	bits := math.Float32bits(score)
	if bits>>31 == 0 {
		bits = ^bits & 0x7fffffff // positive: descending
	} // negative: the larger the magnitude, the later already
	if source == rank.SourceFallback {
		bits = math.MaxUint32
	}
	s.keys[candidate] = uint64(bits)<<32 | uint64(candidate)
}

// leastCounted is from how many candidates on counting is faster than comparing.
const leastCounted = 48

// sort returns the keys in order, valid until the next resize; the lower half of each is
// the candidate. It goes over the four bytes of the scores from the last to the first, and
// moves keys that differ in a byte, while those that do not stay in the order that they
// have: at first the caller's.
//
// No key is compared with another, so no guess of the processor goes wrong. BenchmarkSort
// measures scores that it has not seen before: 200 take a third of the time of slices.Sort,
// 1000 a fifth.
func (s *sorter) sort() []uint64 {
	if len(s.keys) < leastCounted {
		slices.Sort(s.keys)
		return s.keys
	}
	clear(s.counts[:])
	for _, key := range s.keys {
		s.counts[0][byte(key>>32)]++
		s.counts[1][byte(key>>40)]++
		s.counts[2][byte(key>>48)]++
		s.counts[3][byte(key>>56)]++
	}
	for i := range s.counts {
		at, shift := &s.counts[i], 32+8*i
		if int(at[byte(s.keys[0]>>shift)]) == len(s.keys) { // they all agree on it
			continue
		}
		next := int32(0)
		for value, count := range at {
			at[value], next = next, next+count
		}
		for _, key := range s.keys {
			value := byte(key >> shift)
			s.other[at[value]] = key
			at[value]++
		}
		s.keys, s.other = s.other, s.keys
	}
	return s.keys
}
