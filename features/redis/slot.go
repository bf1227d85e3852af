package redis

import (
	"slices"
	"strings"
)

// bySlot groups keys by the slot of a cluster in which they lie, and says which
// they were. order is the indices of all keys, which it sorts.
func bySlot(keys []string, order []int) (indices [][]int, groups [][]string) {
	slots := make([]uint16, len(keys))
	for i, key := range keys {
		slots[i] = slotOf(key)
	}
	slices.SortFunc(order, func(a, b int) int { return int(slots[a]) - int(slots[b]) })
	sorted := make([]string, len(keys))
	for i, at := range order {
		sorted[i] = keys[at]
	}
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && slots[order[to]] == slots[order[from]] {
			to++
		}
		indices, groups = append(indices, order[from:to]), append(groups, sorted[from:to])
		from = to
	}
	return indices, groups
}

// slotOf is CRC-16/XMODEM of the key, or of what stands in its first pair of
// braces, modulo 16384, as the Redis cluster specification has it.
func slotOf(key string) uint16 {
	if open := strings.IndexByte(key, '{'); open >= 0 {
		if n := strings.IndexByte(key[open+1:], '}'); n > 0 {
			key = key[open+1 : open+1+n]
		}
	}
	var crc uint16
	for i := range len(key) {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^key[i]]
	}
	return crc % 16384
}

var crcTable = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
		table[i] = crc
	}
	return table
}()
