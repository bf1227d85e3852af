package cut

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// value is a ValueInfoProto: what the graph says of an input, an output or what is
// between them.
type value struct {
	name     string
	elemType uint64
	dims     []dim
}

// dim is one dimension of a value; known is 0 if it is free.
type dim struct {
	known int64
	bytes []byte // the message
}

// Fields of a ValueInfoProto and of the messages inside of it, from the outside in.
const (
	valueName      protowire.Number = 1
	valueType      protowire.Number = 2
	typeTensor     protowire.Number = 1
	tensorElemType protowire.Number = 1
	tensorShape    protowire.Number = 2
	shapeDim       protowire.Number = 1
	dimValue       protowire.Number = 1
	dimParam       protowire.Number = 2
)

func readValue(message []byte) (*value, error) {
	v := &value{}
	s := scan(message)
	for s.next() {
		switch {
		case s.is(valueName, protowire.BytesType):
			v.name = string(s.Bytes)
		case s.is(valueType, protowire.BytesType):
			if err := v.readType(s.Bytes); err != nil {
				return nil, err
			}
		}
	}
	return v, s.err
}

func (v *value) readType(message []byte) error {
	s := scan(message)
	for s.next() {
		if s.is(typeTensor, protowire.BytesType) {
			if err := v.readTensorType(s.Bytes); err != nil {
				return err
			}
		}
	}
	return s.err
}

func (v *value) readTensorType(message []byte) error {
	s := scan(message)
	for s.next() {
		switch {
		case s.is(tensorElemType, protowire.VarintType):
			v.elemType = s.Bits
		case s.is(tensorShape, protowire.BytesType):
			if err := v.readShape(s.Bytes); err != nil {
				return err
			}
		}
	}
	return s.err
}

func (v *value) readShape(message []byte) error {
	s := scan(message)
	for s.next() {
		if s.is(shapeDim, protowire.BytesType) {
			d, err := readDim(s.Bytes)
			if err != nil {
				return err
			}
			v.dims = append(v.dims, d)
		}
	}
	return s.err
}

func readDim(message []byte) (dim, error) {
	d := dim{bytes: message}
	s := scan(message)
	for s.next() {
		switch s.Number {
		case dimValue:
			d.known = int64(s.Bits)
		case dimParam:
			d.known = 0
		}
	}
	return d, s.err
}

// newValue makes a ValueInfoProto of a tensor; dims are the messages of its dimensions.
func newValue(name string, elemType uint64, dims ...[]byte) []byte {
	return protofield.AppendNested(protofield.AppendText(nil, valueName, name), valueType, func(dst []byte) []byte {
		return protofield.AppendNested(dst, typeTensor, func(dst []byte) []byte {
			dst = protofield.AppendNumber(dst, tensorElemType, elemType)
			return protofield.AppendNested(dst, tensorShape, func(dst []byte) []byte {
				for _, d := range dims {
					dst = appendBytes(dst, shapeDim, d)
				}
				return dst
			})
		})
	})
}

// known returns the message of a dimension of known length.
func known(length int) []byte { return protofield.AppendNumber(nil, dimValue, uint64(length)) }
