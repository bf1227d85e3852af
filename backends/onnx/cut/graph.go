package cut

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// graph is a ModelProto taken to pieces that can be put together again without a change.
type graph struct {
	size     int       // of the ModelProto, in bytes
	model    []field   // of the ModelProto, its graph among them
	elements []element // of the GraphProto

	irVersion uint64
	opset     uint64 // of the default domain; 0 if it is not imported

	inputs    map[string]*value  // the graph's, constants among them
	constants map[string]*tensor // initializers and what Constant nodes give; nil for a sparse one
	producers map[string]int     // the element that is the node which gives a value
	readers   map[string]int     // the element that is the last node to read a value
	reads     map[string]int     // how often nodes and the graph's outputs read a value
	names     map[string]bool    // all that occur, of values
}

// element is one field of the GraphProto; a pointer is nil if it is none of that kind.
type element struct {
	field
	node   *node
	value  *value  // an input, an output or a value_info
	tensor *tensor // an initializer, dense or sparse
}

// Fields of messages, by the names that onnx.proto gives them.
const (
	modelIRVersion    protowire.Number = 1
	modelGraph        protowire.Number = 7
	modelOpsetImport  protowire.Number = 8
	modelTrainingInfo protowire.Number = 20
	modelFunctions    protowire.Number = 25

	graphNode              protowire.Number = 1
	graphName              protowire.Number = 2
	graphInitializer       protowire.Number = 5
	graphInput             protowire.Number = 11
	graphOutput            protowire.Number = 12
	graphValueInfo         protowire.Number = 13
	graphAnnotation        protowire.Number = 14
	graphSparseInitializer protowire.Number = 15

	opsetDomain    protowire.Number = 1
	opsetVersion   protowire.Number = 2
	functionDomain protowire.Number = 10
	sparseValues   protowire.Number = 1
	sparseIndices  protowire.Number = 2
)

// readGraph reads a ModelProto. It refuses what would make names mean more than they say
// in the graph itself: subgraphs, elements in other files, operators of the model's own
// in the default domain, training information, quantization annotations.
func readGraph(model []byte) (*graph, error) {
	g := &graph{
		size:   len(model),
		inputs: map[string]*value{}, constants: map[string]*tensor{}, names: map[string]bool{},
		producers: map[string]int{}, readers: map[string]int{}, reads: map[string]int{},
	}
	var err error
	if g.model, err = readFields(model); err != nil {
		return nil, fmt.Errorf("no ONNX model: %w", err)
	}
	var body []byte
	for _, f := range g.model {
		switch {
		case f.is(modelIRVersion, protowire.VarintType):
			g.irVersion = f.Bits
		case f.is(modelOpsetImport, protowire.BytesType):
			err = g.readOpset(f.Bytes)
		case f.is(modelFunctions, protowire.BytesType):
			err = refuseOwnOperator(f.Bytes)
		case f.Number == modelTrainingInfo:
			err = errors.New("the model has training information, which may read any value")
		case f.is(modelGraph, protowire.BytesType) && body != nil:
			err = errors.New("no ONNX model: it has two graphs")
		case f.is(modelGraph, protowire.BytesType):
			body = f.Bytes
		}
		if err != nil {
			return nil, err
		}
	}
	if body == nil {
		return nil, errors.New("no ONNX model: it has no graph")
	}
	return g, g.readBody(body)
}

func (g *graph) readOpset(message []byte) error {
	var domain string
	var version uint64
	s := scan(message)
	for s.next() {
		switch {
		case s.is(opsetDomain, protowire.BytesType):
			domain = string(s.Bytes)
		case s.is(opsetVersion, protowire.VarintType):
			version = s.Bits
		}
	}
	if isDefault(domain) {
		g.opset = version
	}
	return s.err
}

func refuseOwnOperator(function []byte) error {
	var domain string
	s := scan(function)
	for s.next() {
		if s.is(functionDomain, protowire.BytesType) {
			domain = string(s.Bytes)
		}
	}
	if s.err == nil && isDefault(domain) {
		return errors.New("the model has operators of its own in ONNX's domain")
	}
	return s.err
}

func (g *graph) readBody(message []byte) error {
	fields, err := readFields(message)
	if err != nil {
		return fmt.Errorf("no ONNX model: %w", err)
	}
	g.elements = make([]element, len(fields))
	for at, f := range fields {
		e := &g.elements[at]
		e.field = f
		switch {
		case f.is(graphNode, protowire.BytesType):
			err = g.addNode(at)
		case f.is(graphInitializer, protowire.BytesType):
			if e.tensor, err = readTensor(f.Bytes); err == nil {
				err = g.addConstant(e.tensor.name, e.tensor)
			}
		case f.is(graphSparseInitializer, protowire.BytesType):
			err = g.addSparse(e)
		case f.is(graphInput, protowire.BytesType):
			err = g.addInput(e)
		case f.is(graphOutput, protowire.BytesType), f.is(graphValueInfo, protowire.BytesType):
			if e.value, err = readValue(f.Bytes); err != nil {
				break
			}
			g.names[e.value.name] = true
			if f.Number == graphOutput {
				g.reads[e.value.name]++
			}
		case f.Number == graphAnnotation:
			err = errors.New("the graph has quantization annotations, which may read any value")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) addInput(e *element) (err error) {
	if e.value, err = readValue(e.Bytes); err != nil {
		return err
	}
	name := e.value.name
	if _, given := g.producers[name]; given || g.inputs[name] != nil {
		return fmt.Errorf("the value %q is given twice", name)
	}
	g.inputs[name], g.names[name] = e.value, true
	return nil
}

// addSparse takes note of a sparse initializer, which bears the name of its values.
func (g *graph) addSparse(e *element) error {
	e.tensor = &tensor{}
	s := scan(e.Bytes)
	for s.next() {
		if !s.is(sparseValues, protowire.BytesType) && !s.is(sparseIndices, protowire.BytesType) {
			continue
		}
		t, err := readTensor(s.Bytes)
		switch {
		case err != nil:
			return err
		case t.external:
			return fmt.Errorf("initializer %q has its elements in another file", t.name)
		case s.Number == sparseValues:
			e.tensor = t
		}
	}
	if s.err != nil {
		return s.err
	}
	return g.addConstant(e.tensor.name, nil)
}

// addConstant takes note of a constant value; t is nil if it is sparse.
func (g *graph) addConstant(name string, t *tensor) error {
	if t != nil && t.external {
		return fmt.Errorf("initializer %q has its elements in another file", name)
	}
	_, given := g.producers[name]
	if _, constant := g.constants[name]; given || constant {
		return fmt.Errorf("the value %q is given twice", name)
	}
	g.constants[name], g.names[name] = t, true
	return nil
}

func (g *graph) addNode(at int) error {
	n, err := readNode(g.elements[at].Bytes)
	if err != nil {
		return err
	}
	g.elements[at].node = n
	for _, name := range n.inputs {
		if name != "" { // an optional input that is left out
			g.reads[name]++
			g.readers[name], g.names[name] = at, true
		}
	}
	t := n.constant()
	for _, name := range n.outputs {
		if name == "" {
			continue
		}
		_, constant := g.constants[name]
		if _, given := g.producers[name]; given || constant || g.inputs[name] != nil {
			return fmt.Errorf("the value %q is given twice", name)
		}
		if t != nil {
			g.constants[name] = t
		}
		g.producers[name], g.names[name] = at, true
	}
	return nil
}

// unused returns a name that no value has, and takes it.
func (g *graph) unused(names map[string]bool, name string) string {
	for g.names[name] || names[name] {
		name += "_"
	}
	names[name] = true
	return name
}

// isDefault reports whether a domain is that of ONNX's own operators.
func isDefault(domain string) bool { return domain == "" || domain == "ai.onnx" }
