package cut

import (
	"errors"
	"fmt"
)

// Layer is a first layer of a model's graph: a matrix that multiplies the columns of one or
// several of the graph's inputs. A graph has several if its inputs meet only behind them,
// as those of a wide and a deep part do.
type Layer struct {
	Inputs  []string // the graph's inputs whose columns lie side by side, in the layer's order
	Widths  []int    // the columns of each of Inputs
	Columns int      // K: rows of the matrix
	Width   int      // H: elements that the layer gives for each row

	graph  *graph
	at     int          // the element that is the Gemm or MatMul
	others map[int]bool // the elements that are its Concat and its Add, if it has such
	matrix string       // the constant
	bias   string       // the constant; "" if it has none
	output string
	transB bool // the matrix is [H, K]
}

// The operators that multiply by a matrix.
const (
	opGemm   = "Gemm"
	opMatMul = "MatMul"
)

// minOpset is the version of ONNX's operators since which Gemm adds [H] to each row.
const minOpset = 7

// Find returns the first layers in the bytes of an ONNX ModelProto, in the order of the
// graph. The bytes must not change as long as a Layer is used. Each Layer stands for
// itself: what its Split gives has the others whole. The error says why there is none that
// can be taken apart, of the first product if there are several.
func Find(model []byte) ([]*Layer, error) {
	g, err := readGraph(model)
	if err != nil {
		return nil, err
	}
	if g.opset < minOpset {
		return nil, fmt.Errorf("the model's operators are of version %d; %d or newer is needed", g.opset, minOpset)
	}
	var layers []*Layer
	var reason error
	for at, e := range g.elements {
		if e.node == nil || !e.node.is(opGemm, opMatMul) {
			continue
		}
		l := &Layer{graph: g, at: at, others: map[int]bool{}}
		err := l.read(e.node)
		switch {
		case err == nil:
			layers = append(layers, l)
		case reason == nil:
			reason = fmt.Errorf("%s of %q: %w", e.node.op, e.node.inputs, err)
		}
	}
	switch {
	case len(layers) > 0:
		return layers, nil
	case reason == nil:
		reason = errors.New("no Gemm or MatMul reads the graph's inputs")
	}
	return nil, reason
}

// read fills l from its node; the error says why the node is no such layer.
func (l *Layer) read(n *node) error {
	if len(n.inputs) < 2 || len(n.outputs) != 1 || n.outputs[0] == "" {
		return errors.New("it is no product of two values")
	}
	l.matrix, l.output = n.inputs[1], n.outputs[0]
	if err := l.readAttributes(n); err != nil {
		return err
	}
	if err := l.readMatrix(); err != nil {
		return fmt.Errorf("the matrix %q %w", l.matrix, err)
	}
	switch {
	case n.op == opMatMul && len(n.inputs) > 2, len(n.inputs) > 3:
		return errors.New("it has too many inputs")
	case n.op == opMatMul:
		l.foldAdd()
	case len(n.inputs) == 3 && n.inputs[2] != "":
		l.bias = n.inputs[2]
		if err := l.checkBias(l.bias); err != nil {
			return fmt.Errorf("the bias %q %w", l.bias, err)
		}
	}
	return l.readInputs(n.inputs[0])
}

func (l *Layer) readAttributes(n *node) error {
	for _, a := range n.attributes {
		fits := false
		switch {
		case n.op == opMatMul: // has none
		case a.name == "alpha", a.name == "beta":
			fits = a.float == 1
		case a.name == "transA":
			fits = a.integer == 0
		case a.name == "transB":
			fits = a.integer == 0 || a.integer == 1
			l.transB = a.integer == 1
		}
		if !fits {
			return fmt.Errorf("its attribute %s is not understood here", a.name)
		}
	}
	return nil
}

func (l *Layer) readMatrix() error {
	t, err := l.constant(l.matrix)
	if err != nil {
		return err
	}
	if len(t.dims) != 2 {
		return fmt.Errorf("has %d dimensions", len(t.dims))
	}
	if _, err := t.float32s(); err != nil {
		return err
	}
	l.Columns, l.Width = int(t.dims[0]), int(t.dims[1])
	if l.transB {
		l.Columns, l.Width = l.Width, l.Columns
	}
	return nil
}

func (l *Layer) checkBias(name string) error {
	t, err := l.constant(name)
	if err != nil {
		return err
	}
	n := len(t.dims)
	if n == 0 || n > 2 || t.dims[n-1] != int64(l.Width) || t.dims[0] != 1 && n == 2 {
		return fmt.Errorf("is %d; it should be [%d]", t.dims, l.Width)
	}
	_, err = t.float32s()
	return err
}

func (l *Layer) constant(name string) (*tensor, error) {
	t, ok := l.graph.constants[name]
	switch {
	case !ok:
		return nil, errors.New("is no constant")
	case t == nil:
		return nil, errors.New("is sparse")
	}
	return t, nil
}

// foldAdd takes an Add of a bias, if nothing else reads the product, into the layer.
func (l *Layer) foldAdd() {
	at, read := l.graph.readers[l.output]
	if !read || l.graph.reads[l.output] != 1 {
		return
	}
	add := l.graph.elements[at].node
	if !add.is("Add") || len(add.inputs) != 2 || len(add.outputs) != 1 || add.outputs[0] == "" || len(add.attributes) > 0 {
		return
	}
	bias := add.inputs[0]
	if bias == l.output {
		bias = add.inputs[1]
	}
	if l.checkBias(bias) == nil {
		l.bias, l.output, l.others[at] = bias, add.outputs[0], true
	}
}

// readInputs reads what the matrix multiplies: an input of the graph, or several side by
// side.
func (l *Layer) readInputs(name string) error {
	g := l.graph
	at, given := g.producers[name]
	if !given {
		return l.addInput(name, l.at, l.Columns)
	}
	concat := g.elements[at].node
	if !concat.is("Concat") || len(concat.outputs) != 1 || len(concat.attributes) != 1 {
		return fmt.Errorf("%q is no input of the graph", name)
	}
	a := concat.attributes[0]
	if a.name != "axis" || a.integer != 1 && a.integer != -1 {
		return fmt.Errorf("%q does not lay columns side by side", name)
	}
	if g.reads[name] != 1 {
		return fmt.Errorf("others read %q too", name)
	}
	sum := 0
	for _, input := range concat.inputs {
		if err := l.addInput(input, at, 0); err != nil {
			return err
		}
		sum += l.Widths[len(l.Widths)-1]
		if sum > l.Columns {
			break
		}
	}
	if sum != l.Columns {
		return fmt.Errorf("%q does not have the matrix's %d columns", name, l.Columns)
	}
	l.others[at] = true
	return nil
}

// addInput adds an input that the node at the given element reads, and nobody else;
// columns is its width, or 0 if the input itself says it.
func (l *Layer) addInput(name string, reader, columns int) error {
	v, ok := l.graph.inputs[name]
	_, constant := l.graph.constants[name]
	switch {
	case !ok || constant:
		return fmt.Errorf("%q is no input of the graph", name)
	case v.elemType != typeFloat || len(v.dims) != 2:
		return fmt.Errorf("the input %q is no float32 of two dimensions", name)
	case l.graph.reads[name] != 1 || l.graph.readers[name] != reader:
		return fmt.Errorf("the input %q is read twice", name)
	}
	known := v.dims[1].known
	switch {
	case columns == 0 && (known <= 0 || known > int64(l.Columns)):
		return fmt.Errorf("the input %q has no width that fits a matrix of %d columns", name, l.Columns)
	case columns == 0:
		columns = int(known)
	case known != 0 && known != int64(columns):
		return fmt.Errorf("the input %q is %d wide; the matrix has %d", name, known, columns)
	}
	l.Inputs = append(l.Inputs, name)
	l.Widths = append(l.Widths, columns)
	return nil
}
