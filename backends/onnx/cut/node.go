package cut

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// node is a NodeProto.
type node struct {
	name, op, domain string
	inputs, outputs  []string
	attributes       []attribute
}

// Fields of a NodeProto and of an AttributeProto.
const (
	nodeInput     protowire.Number = 1
	nodeOutput    protowire.Number = 2
	nodeName      protowire.Number = 3
	nodeOpType    protowire.Number = 4
	nodeAttribute protowire.Number = 5
	nodeDomain    protowire.Number = 7

	attributeName    protowire.Number = 1
	attributeFloat   protowire.Number = 2
	attributeInt     protowire.Number = 3
	attributeTensor  protowire.Number = 5
	attributeGraph   protowire.Number = 6
	attributeTensors protowire.Number = 10
	attributeGraphs  protowire.Number = 11
	attributeType    protowire.Number = 20
)

// attributeTypeInt is AttributeProto.AttributeType's INT.
const attributeTypeInt = 2

func readNode(message []byte) (*node, error) {
	n := &node{}
	s := scan(message)
	for s.next() {
		if s.Type != protowire.BytesType {
			continue
		}
		switch s.Number {
		case nodeInput:
			n.inputs = append(n.inputs, string(s.Bytes))
		case nodeOutput:
			n.outputs = append(n.outputs, string(s.Bytes))
		case nodeName:
			n.name = string(s.Bytes)
		case nodeOpType:
			n.op = string(s.Bytes)
		case nodeAttribute:
			a, err := readAttribute(s.Bytes)
			if err != nil {
				return nil, err
			}
			n.attributes = append(n.attributes, a)
		case nodeDomain:
			n.domain = string(s.Bytes)
		}
	}
	return n, s.err
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

func readAttribute(message []byte) (a attribute, err error) {
	s := scan(message)
	for s.next() {
		switch {
		case s.is(attributeName, protowire.BytesType):
			a.name = string(s.Bytes)
		case s.is(attributeFloat, protowire.Fixed32Type):
			a.float = math.Float32frombits(uint32(s.Bits))
		case s.is(attributeInt, protowire.VarintType):
			a.integer = int64(s.Bits)
		case s.is(attributeTensor, protowire.BytesType):
			a.tensor, err = a.readTensor(s.Bytes)
		case s.is(attributeTensors, protowire.BytesType):
			_, err = a.readTensor(s.Bytes)
		case s.Number == attributeGraph, s.Number == attributeGraphs:
			err = errors.New("a node has a subgraph, which may read any value")
		}
		if err != nil {
			return a, err
		}
	}
	return a, s.err
}

func (a *attribute) readTensor(message []byte) (*tensor, error) {
	t, err := readTensor(message)
	if err == nil && t.external {
		err = fmt.Errorf("attribute %q has its elements in another file", a.name)
	}
	return t, err
}

// appendNode appends a node of one of ONNX's own operators to a GraphProto. Its
// attributes are integers.
func appendNode(body []byte, name, op string, inputs []string, output string, attributes ...attribute) []byte {
	return appendBytes(body, graphNode, newNode(name, op, inputs, output, attributes...))
}

func newNode(name, op string, inputs []string, output string, attributes ...attribute) []byte {
	var node []byte
	for _, input := range inputs {
		node = protofield.AppendText(node, nodeInput, input)
	}
	node = protofield.AppendText(node, nodeOutput, output)
	node = protofield.AppendText(node, nodeName, name)
	node = protofield.AppendText(node, nodeOpType, op)
	for _, a := range attributes {
		node = protofield.AppendNested(node, nodeAttribute, func(dst []byte) []byte {
			dst = protofield.AppendText(dst, attributeName, a.name)
			dst = protofield.AppendNumber(dst, attributeInt, uint64(a.integer))
			return protofield.AppendNumber(dst, attributeType, attributeTypeInt)
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
