//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/model"
)

// Pass is the memory of one forward pass: inputs to fill, scores to read. It
// is used by one goroutine at a time and kept for the next pass, so that a
// steady load allocates nothing.
type Pass struct {
	session *Session
	inputs  *inputs
	outputs [][]byte // by Session.outputs, outside the Go heap; nil for one that nobody has asked for yet
	detail  bool     // the next Run gives all outputs, not only those that the score reads
	last    counts   // of the last Run
	scores  []float32
	terms   []term

	// bound holds what ONNX Runtime needs to run a given number of rows and
	// requests over this memory: a tensor has one fixed shape, so each pair of
	// counts has its own. A few microseconds to make, none to use again.
	bound map[counts]*binding
}

type counts struct {
	rows, requests int
	detail         bool
}

// maxBindings bounds Pass.bound, at a few kilobytes each.
const maxBindings = 1024

// term is one head of the score: weight × column of an output.
type term struct {
	output int
	column int
	weight float32
}

// NewPass allocates a pass of up to rows rows.
func (s *Session) NewPass(rows int) (*Pass, error) {
	in, err := newInputs(s.sig, rows)
	if err != nil {
		return nil, err
	}
	p := &Pass{session: s, inputs: in, scores: make([]float32, rows), bound: make(map[counts]*binding)}
	p.outputs = make([][]byte, len(s.outputs))
	if err := p.allocate(false); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	for _, h := range s.sig.Heads {
		p.terms = append(p.terms, term{output: s.outputOf(h), column: max(h.Column, 0), weight: h.Weight})
	}
	return p, nil
}

// allocate makes the memory of all outputs, or of those that the score reads, as far
// as there is none yet.
func (p *Pass) allocate(all bool) error {
	for i, o := range p.session.outputs {
		if p.outputs[i] != nil || !o.scored && !all {
			continue
		}
		slab, err := allocate(len(p.scores) * o.width * o.typ.Size())
		if err != nil {
			return err
		}
		p.outputs[i] = slab
	}
	return nil
}

// Tensors returns the input memory to fill before Run.
func (p *Pass) Tensors() *model.Tensors { return &p.inputs.tensors }

// Run scores the first rows rows, which belong to the first requests requests.
// The scores are valid until the next Run; a score may be NaN or infinite.
func (p *Pass) Run(rows, requests int) ([]float32, error) {
	if !p.session.perRequest {
		requests = 0 // makes no difference
	}
	c := counts{rows, requests, p.detail}
	p.detail, p.last = false, counts{}
	b, err := p.bind(c)
	if err != nil {
		return nil, err
	}
	if err := b.fillStrings(p.inputs, rows, requests); err != nil {
		return nil, err
	}
	if p.session.device {
		if err := b.bindInputs(p.inputs.sig); err != nil {
			return nil, err
		}
	}
	if err := p.session.session.RunWithBinding(b.io); err != nil {
		return nil, fmt.Errorf("forward pass of %d rows: %w", rows, err)
	}
	p.last = c
	return p.combine(rows), nil
}

// Detail has the next Run, and only it, give all that Session.Outputs lists.
func (p *Pass) Detail() { p.detail = p.session.details }

// Output returns the elements of output i of Session.Outputs that the last Run gave,
// row by row, in the machine's byte order, until the next Run. It is empty if the Run
// failed, or was not asked for the output.
func (p *Pass) Output(i int) []byte {
	o := p.session.outputs[i]
	if !o.scored && !p.last.detail {
		return nil
	}
	return p.outputs[i][:p.last.rows*o.width*o.typ.Size()]
}

// combine adds the heads up, in the order that the model's configuration has.
func (p *Pass) combine(rows int) []float32 {
	scores := p.scores[:rows]
	clear(scores)
	for _, t := range p.terms {
		out, base := p.session.outputs[t.output], unsafe.Pointer(unsafe.SliceData(p.outputs[t.output]))
		n := rows * out.width
		switch out.typ {
		case model.Float32:
			addTerm(scores, unsafe.Slice((*float32)(base), n), out.width, t)
		case model.Float64:
			addTerm(scores, unsafe.Slice((*float64)(base), n), out.width, t)
		default:
			addHalfTerm(scores, unsafe.Slice((*uint16)(base), n), out.width, t)
		}
	}
	return scores
}

func addTerm[F float32 | float64](scores []float32, out []F, width int, t term) {
	for i := range scores {
		scores[i] += t.weight * float32(out[i*width+t.column])
	}
}

func addHalfTerm(scores []float32, out []uint16, width int, t term) {
	for i := range scores {
		scores[i] += t.weight * model.HalfToFloat(out[i*width+t.column])
	}
}

// Close frees the pass.
func (p *Pass) Close() error {
	for _, b := range p.bound {
		b.destroy()
	}
	p.bound = nil
	p.inputs.free()
	for _, slab := range p.outputs {
		release(slab)
	}
	p.outputs = nil
	return nil
}

// binding ties the memory of a pass, at one number of rows and requests, to
// the inputs and outputs of its session.
type binding struct {
	io      *ort.IoBinding
	inputs  []ort.Value
	outputs []ort.Value
}

func (p *Pass) bind(c counts) (*binding, error) {
	if b, ok := p.bound[c]; ok { // fast path
		return b, nil
	}
	if len(p.bound) >= maxBindings {
		for old, b := range p.bound { // any one: Go's map order is random
			b.destroy()
			delete(p.bound, old)
			break
		}
	}
	b, err := p.newBinding(c)
	if err != nil {
		b.destroy()
		return nil, err
	}
	p.bound[c] = b
	return b, nil
}

func (p *Pass) newBinding(c counts) (b *binding, err error) {
	b = &binding{}
	if err := p.allocate(c.detail); err != nil {
		return b, err
	}
	if b.io, err = p.session.session.CreateIoBinding(); err != nil {
		return b, err
	}
	if b.inputs, err = p.inputs.values(c.rows, c.requests); err != nil {
		return b, err
	}
	if err := b.bindInputs(p.inputs.sig); err != nil {
		return b, err
	}
	for i, out := range p.session.outputs {
		if !out.scored && !c.detail {
			continue
		}
		v, err := newValue(shapeOf(out.rank, c.rows, out.width), out.typ, p.outputs[i])
		if err != nil {
			return b, fmt.Errorf("output %s: %w", out.name, err)
		}
		b.outputs = append(b.outputs, v)
		if err := b.io.BindOutput(out.name, v); err != nil {
			return b, err
		}
	}
	return b, nil
}

// bindInputs gives the session the inputs. What it reads from a device's memory is
// copied there now, as it is, and not by a run: a run whose inputs were not bound anew
// would score the rows of the one before (microsoft/onnxruntime#5857).
func (b *binding) bindInputs(sig *model.Signature) error {
	for i, in := range sig.Inputs {
		if err := b.io.BindInput(in.Name, b.inputs[i]); err != nil {
			return fmt.Errorf("input %s: %w", in.Name, err)
		}
	}
	return nil
}

// fillStrings copies the string inputs into ONNX Runtime's own tensors.
func (b *binding) fillStrings(m *inputs, rows, requests int) error {
	for i, in := range m.sig.Inputs {
		if in.Type != model.String {
			continue
		}
		n := rows
		if in.PerRequest {
			n = requests
		}
		tensor, words := b.inputs[i].(*ort.StringTensor), m.tensors.Inputs[i].String[:n*in.Width]
		err := tensor.SetContents(words)
		clear(words) // they may be views of a request's body
		if err != nil {
			return fmt.Errorf("input %s: %w", in.Name, err)
		}
	}
	return nil
}

func (b *binding) destroy() {
	if b.io != nil {
		b.io.Destroy()
	}
	destroy(b.inputs)
	destroy(b.outputs)
}
