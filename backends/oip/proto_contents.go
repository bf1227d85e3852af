package oip

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// contentField says in which field of InferTensorContents the elements of a type are.
// FP16 and BF16 have none: they come as raw contents.
var contentField = [numTypes]protowire.Number{
	Bool: 1, Int8: 2, Int16: 2, Int32: 2, Int64: 3, Uint8: 4, Uint16: 4, Uint32: 4, Uint64: 5, FP32: 6, FP64: 7, Bytes: 8,
}

// raw reads typed contents into bytes that the message owns. A varint of one byte
// becomes an element of 8 at most, so the bytes are bounded by what came.
func (c contents) raw(t *Tensor, a *arena) error {
	from, want, tooLarge := len(a.raws), contentField[t.Type], false
	if want == 0 {
		return fmt.Errorf("contents: a tensor of %s can only come as raw contents", t.Type)
	}
	err := eachField(c, func(f *field) error {
		switch {
		case f.Number != want:
			return fmt.Errorf("contents: field %d is not the one of %s, %d", f.Number, t.Type, want)
		case t.Type == Bytes:
			element, err := f.message()
			a.raws = appendBytes(a.raws, element)
			return err
		}
		return f.each(wireType(t.Type), func(bits uint64) {
			tooLarge = tooLarge || !fits(t.Type, bits)
			a.raws = appendElement(a.raws, t.Type, bits)
		})
	})
	if err == nil && tooLarge {
		err = fmt.Errorf("contents: a value is no %s", t.Type)
	}
	t.Raw = a.raws[from:len(a.raws):len(a.raws)]
	return err
}

func wireType(t DataType) protowire.Type {
	switch t {
	case FP32:
		return protowire.Fixed32Type
	case FP64:
		return protowire.Fixed64Type
	default:
		return protowire.VarintType
	}
}

// appendElement appends the low bytes of bits, as many as an element of t has.
func appendElement(dst []byte, t DataType, bits uint64) []byte {
	switch t.Size() {
	case 1:
		if t == Bool {
			bits = min(bits, 1)
		}
		return append(dst, byte(bits))
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(bits))
	case 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(bits))
	default:
		return binary.LittleEndian.AppendUint64(dst, bits)
	}
}

// fits reports whether an integer, which is sent wider than it is, is one of type t.
func fits(t DataType, bits uint64) bool {
	switch t {
	case Int8:
		return int64(bits) == int64(int8(bits))
	case Int16:
		return int64(bits) == int64(int16(bits))
	case Int32:
		return int64(bits) == int64(int32(bits))
	case Uint8, Uint16, Uint32:
		return bits>>(8*t.Size()) == 0
	default:
		return true
	}
}
