package cut

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// field is one field of a message and the bytes that it came as.
type field struct {
	protofield.Field

	whole []byte
}

func (f field) is(number protowire.Number, t protowire.Type) bool {
	return f.Number == number && f.Type == t
}

func readFields(message []byte) ([]field, error) {
	var fields []field
	for len(message) > 0 {
		var f field
		rest, ok := f.Read(message)
		if !ok {
			return nil, errors.New("a field is cut off or none of protobuf's")
		}
		f.whole = message[:len(message)-len(rest)]
		fields = append(fields, f)
		message = rest
	}
	return fields, nil
}

// node is a NodeProto.
type node struct {
	name, op, domain string
	inputs, outputs  []string
	attributes       []attribute
}

func readNode(message []byte) (*node, error) {
	fields, err := readFields(message)
	if err != nil {
		return nil, err
	}
	n := &node{}
	for _, f := range fields {
		if f.Type != protowire.BytesType {
			continue
		}
		switch f.Number {
		case 1:
			n.inputs = append(n.inputs, string(f.Bytes))
		case 2:
			n.outputs = append(n.outputs, string(f.Bytes))
		case 3:
			n.name = string(f.Bytes)
		case 4:
			n.op = string(f.Bytes)
		case 5:
			a, err := readAttribute(f.Bytes)
			if err != nil {
				return nil, err
			}
			n.attributes = append(n.attributes, a)
		case 7:
			n.domain = string(f.Bytes)
		}
	}
	return n, nil
}

// is reports whether the node is one of ONNX's own operators.
func (n *node) is(ops ...string) bool { return isDefault(n.domain) && slices.Contains(ops, n.op) }

// constant returns the tensor that a Constant node gives, nil for any other node.
func (n *node) constant() *tensor {
	if n.is("Constant") && len(n.outputs) == 1 && len(n.attributes) == 1 && n.attributes[0].name == "value" {
		return n.attributes[0].tensor
	}
	return nil
}

// attribute is an AttributeProto, as far as the layer's operators have such.
type attribute struct {
	name    string
	float   float32
	integer int64
	tensor  *tensor
}

func readAttribute(message []byte) (attribute, error) {
	fields, err := readFields(message)
	var a attribute
	for _, f := range fields {
		switch {
		case f.is(1, protowire.BytesType):
			a.name = string(f.Bytes)
		case f.is(2, protowire.Fixed32Type):
			a.float = math.Float32frombits(uint32(f.Bits))
		case f.is(3, protowire.VarintType):
			a.integer = int64(f.Bits)
		case f.is(5, protowire.BytesType), f.is(10, protowire.BytesType): // one, several
			t, err := readTensor(f.Bytes)
			if err != nil {
				return a, err
			}
			if t.external {
				return a, fmt.Errorf("attribute %q has its elements in another file", a.name)
			}
			if f.Number == 5 {
				a.tensor = t
			}
		case f.Number == 6, f.Number == 11:
			return a, errors.New("subgraphs may read it")
		}
	}
	return a, err
}

// value is a ValueInfoProto.
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

func readValue(message []byte) (*value, error) {
	v := &value{}
	return v, v.read(message, "value")
}

// read reads a ValueInfoProto and the messages inside of it that say which tensor it is.
func (v *value) read(message []byte, kind string) error {
	fields, err := readFields(message)
	for _, f := range fields {
		if err != nil {
			return err
		}
		switch {
		case kind == "value" && f.is(1, protowire.BytesType):
			v.name = string(f.Bytes)
		case kind == "value" && f.is(2, protowire.BytesType):
			err = v.read(f.Bytes, "type")
		case kind == "type" && f.is(1, protowire.BytesType):
			err = v.read(f.Bytes, "tensor")
		case kind == "tensor" && f.is(1, protowire.VarintType):
			v.elemType = f.Bits
		case kind == "tensor" && f.is(2, protowire.BytesType):
			err = v.read(f.Bytes, "shape")
		case kind == "shape" && f.is(1, protowire.BytesType):
			err = v.readDim(f.Bytes)
		}
	}
	return err
}

func (v *value) readDim(message []byte) error {
	fields, err := readFields(message)
	d := dim{bytes: message}
	for _, f := range fields {
		switch f.Number {
		case 1:
			d.known = int64(f.Bits)
		case 2:
			d.known = 0
		}
	}
	v.dims = append(v.dims, d)
	return err
}

// newValue makes a ValueInfoProto of a tensor; dims are the messages of its dimensions.
func newValue(name string, elemType uint64, dims ...[]byte) []byte {
	return protofield.AppendNested(protofield.AppendText(nil, 1, name), 2, func(dst []byte) []byte { // type
		return protofield.AppendNested(dst, 1, func(dst []byte) []byte { // tensor_type
			dst = protofield.AppendNumber(dst, 1, elemType)
			return protofield.AppendNested(dst, 2, func(dst []byte) []byte { // shape
				for _, d := range dims {
					dst = appendBytes(dst, 1, d)
				}
				return dst
			})
		})
	})
}

// known returns the message of a dimension of known length.
func known(length int) []byte { return protofield.AppendNumber(nil, 1, uint64(length)) }

// newNode makes a NodeProto of one of ONNX's own operators. Its attributes are integers.
func newNode(name, op string, inputs []string, output string, attributes ...attribute) []byte {
	var node []byte
	for _, input := range inputs {
		node = protofield.AppendText(node, 1, input)
	}
	node = protofield.AppendText(node, 2, output)
	node = protofield.AppendText(node, 3, name)
	node = protofield.AppendText(node, 4, op)
	for _, a := range attributes {
		node = protofield.AppendNested(node, 5, func(dst []byte) []byte {
			dst = protofield.AppendText(dst, 1, a.name)
			dst = protofield.AppendNumber(dst, 3, uint64(a.integer))
			return protofield.AppendNumber(dst, 20, 2) // type INT
		})
	}
	return node
}

// transposed is the attributes of a Gemm whose matrix is, or is not.
func transposed(is bool) []attribute {
	if !is {
		return nil
	}
	return []attribute{{name: "transB", integer: 1}}
}

func appendBytes(dst []byte, number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, number, protowire.BytesType), b)
}
