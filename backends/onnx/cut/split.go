package cut

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rankgate/rankgate/backends/protofield"
)

// PartColumns is the input of Halves.Part and PartOutput its output.
const (
	PartColumns = "columns"
	PartOutput  = "part"
)

// Group says when what a column gives the layer is computed.
type Group uint8

const (
	PerRow     Group = iota // in each pass, for each row
	PerRequest              // in each pass, once for all rows of a request
	Kept                    // before, by Halves.Part
)

// Halves are the two models that do what the whole one did.
type Halves struct {
	// Rest is the whole model, but that the inputs of the layer are replaced by those
	// that follow. All but PartInput are "" where no column is of their group.
	Rest         []byte
	RowInput     string // float32 [rows, columns per row]
	RequestInput string // float32 [requests, columns per request]
	IndexInput   string // int64 [rows]: which request a row belongs to
	PartInput    string // float32 [rows, Width]

	// Part gives PartOutput, float32 [rows, Width], for PartColumns, float32 [rows, kept
	// columns]. The bias is in it.
	Part []byte
}

// overhead is ample for the nodes, inputs and names that a half gets, in bytes.
const overhead = 4 << 10

// TakesRequests reports whether columns may be PerRequest: a Gemm has no need of a bias
// from version 11 on.
func (l *Layer) TakesRequests() bool { return !l.transB || l.graph.opset >= 11 }

// Split takes the layer apart; groups has one entry for each of the Columns, in the
// layer's order. At least one must be Kept.
func (l *Layer) Split(groups []Group) (*Halves, error) {
	if len(groups) != l.Columns {
		return nil, fmt.Errorf("%d columns are told apart; the layer has %d", len(groups), l.Columns)
	}
	row, request, kept := inGroup(groups, PerRow), inGroup(groups, PerRequest), inGroup(groups, Kept)
	if kept.count == 0 {
		return nil, errors.New("no column of the layer is kept")
	}
	if request.count > 0 && !l.TakesRequests() {
		return nil, errors.New("the model is too old to have columns once per request")
	}
	r := rest{layer: l, taken: map[string]bool{}, rows: l.graph.inputs[l.Inputs[0]].dims[0].bytes}
	model := r.model(row, request) // chooses the names
	return &Halves{
		Rest: model, RowInput: r.rowInput, RequestInput: r.requestInput, IndexInput: r.indexInput, PartInput: r.partInput,
		Part: l.part(kept),
	}, nil
}

func inGroup(groups []Group, wanted Group) columns {
	c := columns{wanted: make([]bool, len(groups))}
	for i, g := range groups {
		if g == wanted {
			c.wanted[i] = true
			c.count++
		}
	}
	return c
}

// part makes the model of the columns that are kept.
func (l *Layer) part(kept columns) []byte {
	op, inputs := opGemm, []string{PartColumns, "matrix"}
	if l.bias != "" {
		inputs = append(inputs, "bias")
	} else if !l.transB {
		op = opMatMul
	}
	model := make([]byte, 0, 4*(kept.count+1)*l.Width+overhead)
	for _, f := range l.graph.model {
		if f.Number == modelIRVersion || f.Number == modelOpsetImport {
			model = append(model, f.whole...)
		}
	}
	return protofield.AppendNested(model, modelGraph, func(body []byte) []byte {
		body = appendNode(body, "", op, inputs, PartOutput, transposed(l.transB)...)
		body = protofield.AppendText(body, graphName, "part")
		body = appendBytes(body, graphInput, newValue(PartColumns, typeFloat, nil, known(kept.count)))
		body = appendBytes(body, graphOutput, newValue(PartOutput, typeFloat, nil, known(l.Width)))
		body = l.appendMatrix(body, "matrix", kept)
		if l.bias != "" {
			body = l.appendConstant(body, "bias", []int64{int64(l.Width)}, l.elements(l.bias))
		}
		return body
	})
}

// gone returns the values that there are none of without the layer.
func (l *Layer) gone() map[string]bool {
	gone := map[string]bool{}
	reads := map[string]int{} // of the nodes that go
	for at := range l.graph.elements {
		if at != l.at && !l.others[at] {
			continue
		}
		n := l.graph.elements[at].node
		for _, name := range n.inputs {
			reads[name]++
		}
		for _, name := range n.outputs {
			gone[name] = name != l.output
		}
	}
	for _, name := range slices.Concat(l.Inputs, []string{l.matrix, l.bias}) {
		gone[name] = name != "" && reads[name] == l.graph.reads[name]
	}
	return gone
}

// drops reports whether an element goes with the layer.
func (l *Layer) drops(gone map[string]bool, at int) bool {
	e := &l.graph.elements[at]
	switch {
	case l.others[at]:
		return true
	case e.node != nil:
		return e.node.constant() != nil && gone[e.node.outputs[0]]
	case e.tensor != nil:
		return gone[e.tensor.name]
	case e.value != nil:
		return e.Number != graphOutput && gone[e.value.name]
	default:
		return false
	}
}

// appendMatrix appends an initializer: the matrix's rows of the given columns.
func (l *Layer) appendMatrix(body []byte, name string, of columns) []byte {
	elements := l.elements(l.matrix)
	if l.transB {
		return l.appendConstant(body, name, []int64{int64(l.Width), int64(of.count)}, of.columnsOf(elements))
	}
	return l.appendConstant(body, name, []int64{int64(of.count), int64(l.Width)}, of.rowsOf(elements))
}

// appendConstant appends an initializer and, as versions before 4 want it, an input of
// its name.
func (l *Layer) appendConstant(body []byte, name string, dims []int64, elements []byte) []byte {
	if l.graph.irVersion < 4 {
		var shape [][]byte
		for _, d := range dims {
			shape = append(shape, known(int(d)))
		}
		body = appendBytes(body, graphInput, newValue(name, typeFloat, shape...))
	}
	return appendInitializer(body, name, dims, elements)
}

// elements returns what Find has found to be there.
func (l *Layer) elements(constant string) []byte {
	elements, err := l.graph.constants[constant].float32s()
	if err != nil {
		panic(fmt.Sprintf("BUG: a layer's constant %v", err))
	}
	return elements
}
