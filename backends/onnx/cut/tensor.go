package cut

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// tensor is a TensorProto. Its elements stay bytes: those of float32 are little-endian in
// raw_data and float_data alike.
type tensor struct {
	name      string
	dims      []int64
	dataType  uint64
	raw       []byte // raw_data
	floats    []byte // float_data
	external  bool   // the elements are in another file
	segmented bool
}

// Types of elements, by TensorProto.DataType.
const (
	typeFloat = 1
	typeInt64 = 7
)

func readTensor(message []byte) (*tensor, error) {
	fields, err := readFields(message)
	if err != nil {
		return nil, err
	}
	t := &tensor{}
	for _, f := range fields {
		switch {
		case f.Number == 1:
			if t.dims, err = appendDims(t.dims, f); err != nil {
				return nil, err
			}
		case f.is(2, protowire.VarintType):
			t.dataType = f.Bits
		case f.Number == 3:
			t.segmented = true
		case f.is(4, protowire.BytesType): // packed
			t.floats = append(t.floats, f.Bytes...)
		case f.is(4, protowire.Fixed32Type):
			t.floats = protowire.AppendFixed32(t.floats, uint32(f.Bits))
		case f.is(8, protowire.BytesType):
			t.name = string(f.Bytes)
		case f.is(9, protowire.BytesType):
			t.raw = f.Bytes
		case f.Number == 13, f.is(14, protowire.VarintType) && f.Bits != 0:
			t.external = true
		}
	}
	return t, nil
}

// appendDims appends the dimensions of f, packed or a single one.
func appendDims(dims []int64, f field) ([]int64, error) {
	if f.Type != protowire.BytesType {
		return append(dims, int64(f.Bits)), nil
	}
	element := protofield.Field{Type: protowire.VarintType}
	for rest := f.Bytes; len(rest) > 0; {
		var ok bool
		if rest, ok = element.ReadValue(rest); !ok {
			return nil, errors.New("a tensor's dimensions are cut off")
		}
		dims = append(dims, int64(element.Bits))
	}
	return dims, nil
}

// float32s returns the elements, little-endian; the error says why they are not as many
// float32 as the dimensions promise.
func (t *tensor) float32s() ([]byte, error) {
	elements := t.raw
	switch {
	case t.dataType != typeFloat:
		return nil, errors.New("is not float32")
	case t.external || t.segmented:
		return nil, errors.New("does not hold its elements itself")
	case len(t.raw) > 0 && len(t.floats) > 0:
		return nil, errors.New("holds its elements twice")
	case len(t.raw) == 0:
		elements = t.floats
	}
	count, product := int64(len(elements)/4), int64(1)
	for _, d := range t.dims {
		if d <= 0 || d > count/product {
			return nil, fmt.Errorf("has %d elements; its dimensions are %d", count, t.dims)
		}
		product *= d
	}
	if product != count || len(elements)%4 != 0 {
		return nil, fmt.Errorf("has %d bytes of elements; its dimensions are %d", len(elements), t.dims)
	}
	return elements, nil
}

// pick returns the elements of a matrix [rows, columns] without the rows or columns that
// are not wanted; nil wants all.
func pick(elements []byte, columns int, rowWanted, columnWanted []bool) []byte {
	var picked []byte
	for at := 0; at < len(elements); at += 4 * columns {
		if rowWanted != nil && !rowWanted[at/(4*columns)] {
			continue
		}
		row := elements[at : at+4*columns]
		if columnWanted == nil {
			picked = append(picked, row...)
			continue
		}
		for i, wanted := range columnWanted {
			if wanted {
				picked = append(picked, row[4*i:4*i+4]...)
			}
		}
	}
	return picked
}

// newTensor makes a TensorProto.
func newTensor(name string, dataType uint64, dims []int64, elements []byte) []byte {
	var tensor []byte
	for _, d := range dims {
		tensor = protofield.AppendNumber(tensor, 1, uint64(d))
	}
	tensor = protofield.AppendNumber(tensor, 2, dataType)
	tensor = protofield.AppendText(tensor, 8, name)
	return appendBytes(tensor, 9, elements)
}
