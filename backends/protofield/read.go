package protofield

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field is one field of a message.
type Field struct {
	Number protowire.Number
	Type   protowire.Type
	Bytes  []byte // of a field with a length: a view of the message
	Bits   uint64 // of any other
}

// Read reads the field that a message begins with, and returns what is behind it; ok is
// false if the message begins with none.
func (f *Field) Read(message []byte) (rest []byte, ok bool) {
	number, typ, n := protowire.ConsumeTag(message)
	if n < 0 {
		return nil, false
	}
	*f = Field{Number: number, Type: typ}
	return f.ReadValue(message[n:])
}

// ReadValue reads a value of f's type, as the elements of a packed field are.
func (f *Field) ReadValue(b []byte) (rest []byte, ok bool) {
	var n int
	switch f.Type {
	case protowire.VarintType:
		f.Bits, n = protowire.ConsumeVarint(b)
	case protowire.Fixed32Type:
		var bits uint32
		bits, n = protowire.ConsumeFixed32(b)
		f.Bits = uint64(bits)
	case protowire.Fixed64Type:
		f.Bits, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		f.Bytes, n = protowire.ConsumeBytes(b)
		f.Bytes = slices.Clip(f.Bytes)
	default:
		n = protowire.ConsumeFieldValue(f.Number, f.Type, b)
	}
	if n < 0 {
		return nil, false
	}
	return b[n:], true
}
