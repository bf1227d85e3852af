package cut

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// draft is a model that a test writes down, one field of the graph after the other.
type draft struct {
	model, graph []byte
}

// newDraft starts a model of the given version of operators, without a graph.
func newDraft(opset uint64) *draft {
	d := &draft{model: protofield.AppendNumber(nil, modelIRVersion, 8)}
	d.model = appendBytes(d.model, modelOpsetImport, protofield.AppendNumber(nil, opsetVersion, opset))
	return d
}

func (d *draft) bytes() []byte { return appendBytes(d.model, modelGraph, d.graph) }

func (d *draft) node(op string, inputs []string, output string, attributes ...[]byte) *draft {
	message := newNode("", op, inputs, output)
	for _, a := range attributes {
		message = appendBytes(message, nodeAttribute, a)
	}
	d.graph = appendBytes(d.graph, graphNode, message)
	return d
}

func (d *draft) value(number protowire.Number, name string, columns int) *draft {
	d.graph = appendBytes(d.graph, number, newValue(name, typeFloat, nil, known(columns)))
	return d
}

func (d *draft) floats(name string, dims ...int64) *draft {
	size := int64(4)
	for _, n := range dims {
		size *= n
	}
	d.graph = appendInitializer(d.graph, name, dims, make([]byte, size))
	return d
}

// raw appends a field of the graph.
func (d *draft) raw(number protowire.Number, message []byte) *draft {
	d.graph = appendBytes(d.graph, number, message)
	return d
}

// whole appends a field of the model.
func (d *draft) whole(number protowire.Number, message []byte) *draft {
	d.model = appendBytes(d.model, number, message)
	return d
}

func number(name string, i int) []byte {
	return protofield.AppendNumber(protofield.AppendText(nil, attributeName, name), attributeInt, uint64(i))
}

func float(name string, f float32) []byte {
	return protowire.AppendFixed32(
		protowire.AppendTag(protofield.AppendText(nil, attributeName, name), attributeFloat, protowire.Fixed32Type), math.Float32bits(f))
}

// plain is a model that is no more than its first layer: "x" [rows, 3] times "w" [3, 2].
func plain() *draft {
	return newDraft(17).value(graphInput, "x", 3).value(graphOutput, "y", 2).floats("w", 3, 2)
}

// withMatrix is plain with a Gemm by another matrix, "m" of the given fields.
func withMatrix(fields ...[]byte) *draft {
	message := protofield.AppendText(nil, tensorName, "m")
	return plain().raw(graphInitializer, append(message, bytes.Join(fields, nil)...)).node("Gemm", names("x", "m"), "y")
}

// dims are the fields of a float32 tensor of these dimensions.
func dims(lengths ...int64) []byte {
	return appendTensor(nil, "", lengths, nil)
}

// sides is a model whose matrix, of three columns, reads "l" and "r" side by side.
func sides(left, right int, axis []byte) *draft {
	return newDraft(17).value(graphInput, "l", left).value(graphInput, "r", right).floats("w", 3, 2).
		node("Concat", names("l", "r"), "c", axis).node("Gemm", names("c", "w"), "y")
}

func names(inputs ...string) []string { return inputs }

// only is the layer of a model that has one.
func only(t *testing.T, model []byte) *Layer {
	t.Helper()
	layers, err := Find(model)
	if err != nil || len(layers) != 1 {
		t.Fatalf("Find = %s; want one layer", describe(layers, err))
	}
	return layers[0]
}

// describe says what a test needs to see of an outcome.
func describe(layers []*Layer, err error) string {
	if err != nil {
		return err.Error()
	}
	said := make([]string, len(layers))
	for i, l := range layers {
		said[i] = fmt.Sprintf("a layer of %v: %d columns, %d wide", l.Inputs, l.Columns, l.Width)
	}
	return strings.Join(said, "; ")
}
