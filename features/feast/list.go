package feast

import (
	"encoding/binary"
	"math"

	"github.com/rankgate/rankgate/features"
)

// setList stores a list of numbers as a vector, and says why it does not fit,
// "" if it does. The elements are decoded in place, so that nothing is
// allocated.
func setList(c *features.Cell, row *features.Row, f *wireField) string {
	if c.Length == 0 {
		return anotherType
	}
	into := row.Floats[c.At : c.At+c.N]
	n, ok := decodeList(into, f)
	if !ok {
		return "is broken"
	}
	if n != len(into) {
		into = nil // which has another length too
	}
	problem := c.SetVector(row, into)
	if problem == features.Fits || problem == features.NotFinite {
		return ""
	}
	return problem.String()
}

// decodeList reads the elements of a list, packed or one by one, and returns how
// many there are. It stops at the first that has no place.
func decodeList(into []float32, f *wireField) (n int, ok bool) {
	kind := elementKind(f.number)
	m := message{rest: f.bytes}
	for e := (wireField{}); n <= len(into) && m.next(&e); {
		switch {
		case e.number != 1:
		case e.kind == kind:
			n = put(into, n, element(f.number, e.bits))
		case e.kind == delimited:
			packed := message{rest: e.bytes}
			for n <= len(into) && packed.rest != "" {
				bits := packed.bits(kind)
				if packed.broken {
					return n, false
				}
				n = put(into, n, element(f.number, bits))
			}
		}
	}
	return n, !m.broken
}

func elementKind(list int) wireKind {
	switch list {
	case floatListVal:
		return fixed32
	case doubleListVal:
		return fixed64
	default:
		return varint
	}
}

func element(list int, bits uint64) float32 {
	switch list {
	case floatListVal:
		return math.Float32frombits(uint32(bits))
	case doubleListVal:
		return float32(math.Float64frombits(bits))
	case int32ListVal:
		return float32(int32(bits))
	default:
		return float32(int64(bits))
	}
}

func put(into []float32, n int, v float32) int {
	if n < len(into) {
		into[n] = v
	}
	return n + 1
}

// appendFloats appends a feast.types.Value that holds a packed float_list.
func appendFloats(dst []byte, vector []float32) []byte {
	packed := 4 * len(vector)
	length := 1 + uvarintSize(packed) + packed
	dst = binary.AppendUvarint(appendTag(dst, floatListVal, delimited), uint64(length))
	dst = binary.AppendUvarint(appendTag(dst, 1, delimited), uint64(packed))
	for _, f := range vector {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
	}
	return dst
}

// uvarintSize is the number of bytes that n takes as a varint.
func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
