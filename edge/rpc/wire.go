package rpc

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// wire walks over the fields of one protobuf message, without memory of its own.
type wire struct {
	rest   []byte
	broken bool // the bytes are no message

	number protowire.Number
	typ    protowire.Type
	bytes  []byte // of a field with a length
	bits   uint64 // of any other
}

// next goes to the next field; false means that there is none, or that it is broken.
func (w *wire) next() bool {
	if w.broken || len(w.rest) == 0 {
		return false
	}
	number, typ, n := protowire.ConsumeTag(w.rest)
	if n < 0 {
		w.broken = true
		return false
	}
	w.number, w.typ, w.bytes, w.bits, w.rest = number, typ, nil, 0, w.rest[n:]
	switch typ {
	case protowire.VarintType:
		w.bits, n = protowire.ConsumeVarint(w.rest)
	case protowire.Fixed64Type:
		w.bits, n = protowire.ConsumeFixed64(w.rest)
	case protowire.Fixed32Type:
		var bits uint32
		bits, n = protowire.ConsumeFixed32(w.rest)
		w.bits = uint64(bits)
	case protowire.BytesType:
		w.bytes, n = protowire.ConsumeBytes(w.rest)
	default:
		n = protowire.ConsumeFieldValue(number, typ, w.rest)
	}
	if n < 0 {
		w.broken = true
		return false
	}
	w.rest = w.rest[n:]
	return true
}

// is reports whether the field is the one of that number, in the form that it has.
func (w *wire) is(number protowire.Number, typ protowire.Type) bool {
	if w.number != number {
		return false
	}
	w.broken = w.broken || w.typ != typ
	return !w.broken
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
