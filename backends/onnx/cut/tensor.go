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

// Fields of a TensorProto.
const (
	tensorDims         protowire.Number = 1
	tensorDataType     protowire.Number = 2
	tensorSegment      protowire.Number = 3
	tensorFloatData    protowire.Number = 4
	tensorName         protowire.Number = 8
	tensorRawData      protowire.Number = 9
	tensorExternalData protowire.Number = 13
	tensorDataLocation protowire.Number = 14
)

func readTensor(message []byte) (*tensor, error) {
	t := &tensor{}
	s := scan(message)
	for s.next() {
		switch {
		case s.Number == tensorDims:
			if err := t.readDims(&s.field); err != nil {
				return nil, err
			}
		case s.is(tensorDataType, protowire.VarintType):
			t.dataType = s.Bits
		case s.Number == tensorSegment:
			t.segmented = true
		case s.is(tensorFloatData, protowire.BytesType) && t.floats == nil: // packed
			t.floats = s.Bytes
		case s.is(tensorFloatData, protowire.BytesType):
			t.floats = append(t.floats, s.Bytes...)
		case s.is(tensorFloatData, protowire.Fixed32Type):
			t.floats = protowire.AppendFixed32(t.floats, uint32(s.Bits))
		case s.is(tensorName, protowire.BytesType):
			t.name = string(s.Bytes)
		case s.is(tensorRawData, protowire.BytesType):
			t.raw = s.Bytes
		case s.Number == tensorExternalData, s.is(tensorDataLocation, protowire.VarintType) && s.Bits != 0:
			t.external = true
		}
	}
	return t, s.err
}

// readDims adds the dimensions of f, packed or a single one.
func (t *tensor) readDims(f *field) error {
	if f.Type != protowire.BytesType {
		t.dims = append(t.dims, int64(f.Bits))
		return nil
	}
	element := protofield.Field{Type: protowire.VarintType}
	for rest := f.Bytes; len(rest) > 0; {
		var ok bool
		if rest, ok = element.ReadValue(rest); !ok {
			return errors.New("a tensor's dimensions are cut off")
		}
		t.dims = append(t.dims, int64(element.Bits))
	}
	return nil
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

// columns is some of a layer's columns.
type columns struct {
	wanted []bool // by column
	count  int
}

// rowsOf returns the rows of a matrix [columns, any] that are wanted.
func (c columns) rowsOf(elements []byte) []byte {
	width := len(elements) / len(c.wanted)
	picked := make([]byte, 0, width*c.count)
	for i, wanted := range c.wanted {
		if wanted {
			picked = append(picked, elements[i*width:(i+1)*width]...)
		}
	}
	return picked
}

// columnsOf returns the columns of a matrix [any, columns] that are wanted.
func (c columns) columnsOf(elements []byte) []byte {
	picked := make([]byte, 0, len(elements)/len(c.wanted)*c.count)
	for at := 0; at < len(elements); {
		for _, wanted := range c.wanted {
			if wanted {
				picked = append(picked, elements[at:at+4]...)
			}
			at += 4
		}
	}
	return picked
}

// appendInitializer appends a tensor of float32 to a GraphProto.
func appendInitializer(body []byte, name string, dims []int64, elements []byte) []byte {
	return protofield.AppendNested(body, graphInitializer, func(dst []byte) []byte {
		return appendTensor(dst, name, dims, elements)
	})
}

// appendTensor appends the fields of a TensorProto of float32.
func appendTensor(dst []byte, name string, dims []int64, elements []byte) []byte {
	for _, d := range dims {
		dst = protofield.AppendNumber(dst, tensorDims, uint64(d))
	}
	dst = protofield.AppendNumber(dst, tensorDataType, typeFloat)
	dst = protofield.AppendText(dst, tensorName, name)
	return appendBytes(dst, tensorRawData, elements)
}
