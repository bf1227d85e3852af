package oip

import (
	"fmt"
	"time"
)

// Request is a call of a model (ModelInferRequest). Its strings, shapes and tensors
// are views of what it was decoded from, or of its own memory, and hold until the next
// decoding into it.
type Request struct {
	Model   string // HTTP has it in the path, so decoding leaves it alone
	Version string // likewise; "" means that the server chooses
	ID      string

	Inputs  []Tensor
	Outputs []Output // which the caller wants; none means all

	// BinaryOutputs says how the caller wants the outputs that it has not named:
	// as bytes, or in the JSON. Over gRPC it makes no difference.
	BinaryOutputs bool

	Priority   uint64        // 1 is the highest; 0 means the model's default
	Timeout    time.Duration // of the wait in the server's queue, in whole µs; 0 means none
	Parameters []Parameter   // any others, passed on as they are

	arena
}

// Response is a model's answer (ModelInferResponse), with memory as Request has.
type Response struct {
	Model      string
	Version    string
	ID         string
	Outputs    []Tensor
	Parameters []Parameter

	arena
}

// Tensor is one input or output, row-major.
type Tensor struct {
	Name  string
	Type  DataType
	Shape []int64

	// Raw holds the elements as little-endian bytes, or else JSON holds the array of
	// values as it came, its syntax and the number of its values checked but no value
	// read. AppendRaw and AppendJSON turn one into the other.
	Raw  []byte
	JSON []byte

	Parameters []Parameter // but for binary_data_size, which the protocol uses up
}

// Output is an output that the caller asks for.
type Output struct {
	Name           string
	Binary         bool   // as bytes behind the JSON; over gRPC it makes no difference
	Classification uint64 // as the labels of the best so many classes; 0 means as it is

	Parameters []Parameter // any others

	said bool // in JSON, whether Binary came with the output
}

// Parameter is a setting that only the server understands.
type Parameter struct {
	Name  string
	Value any // bool, int64, uint64, float64 or string
}

// What a message may hold: two bytes of one make a hundred in memory, and what is wrong
// with a shape is said with all of it.
const (
	maxTensors    = 1 << 14 // inputs, or outputs
	maxDimensions = 64
)

var (
	errTensors    = fmt.Errorf("more than %d tensors", maxTensors)
	errDimensions = fmt.Errorf("shape: more than %d dimensions", maxDimensions)
)

// Reset makes r empty and keeps its memory for the next call.
func (r *Request) Reset() {
	clear(r.Inputs)
	clear(r.Outputs)
	clear(r.Parameters)
	*r = Request{Inputs: r.Inputs[:0], Outputs: r.Outputs[:0], Parameters: r.Parameters[:0], arena: r.empty()}
}

// Reset makes r empty and keeps its memory for the next call.
func (r *Response) Reset() {
	clear(r.Outputs)
	clear(r.Parameters)
	*r = Response{Outputs: r.Outputs[:0], Parameters: r.Parameters[:0], arena: r.empty()}
}

// Binary reports whether the caller wants an output as bytes behind the JSON.
func (r *Request) Binary(output string) bool {
	if o := r.output(output); o != nil {
		return o.Binary
	}
	return r.BinaryOutputs
}

func (r *Request) output(name string) *Output {
	for i := range r.Outputs {
		if r.Outputs[i].Name == name {
			return &r.Outputs[i]
		}
	}
	return nil
}

// arena is the memory of a message for what is no view of its bytes.
type arena struct {
	dims []int64
	raws []byte
}

// Arenas of more than this are not kept: one large message must not hold its memory
// for ever.
const (
	maxDims = 1 << 12
	maxRaws = 1 << 20
)

func (a *arena) empty() arena {
	var e arena
	if cap(a.dims) <= maxDims {
		e.dims = a.dims[:0]
	}
	if cap(a.raws) <= maxRaws {
		e.raws = a.raws[:0]
	}
	return e
}

// added returns the dimensions from from on, which no later append writes over.
func (a *arena) added(from int) []int64 { return a.dims[from:len(a.dims):len(a.dims)] }
