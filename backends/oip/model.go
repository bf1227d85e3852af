package oip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Caller sends a message, whose tensors have so many rows, to one of the servers that
// hold its model. A caller that may read the message after it has returned retains it.
type Caller interface {
	Call(ctx context.Context, rows int, m *Message) (*Reply, error)
}

// CallerFunc makes a Caller of a function.
type CallerFunc func(ctx context.Context, rows int, m *Message) (*Reply, error)

// Call calls f.
func (f CallerFunc) Call(ctx context.Context, rows int, m *Message) (*Reply, error) {
	return f(ctx, rows, m)
}

// Model makes passes of a model that other servers hold.
type Model struct {
	caller  Caller
	name    string
	version string
	sig     *model.Signature
	outputs []output
	heads   []head
}

// output is one output that the score is made of.
type output struct {
	name  string
	typ   DataType
	width int // elements per row; 0 if the server does not say
}

// head is one term of the score: weight × column of an output.
type head struct {
	output int
	column int
	weight float32
}

// NewModel returns the model that the servers call name; version "" leaves it to them
// which one answers. graph is what they say about it, sig its agreement with what
// feeds it.
func NewModel(caller Caller, name, version string, graph model.Graph, sig *model.Signature) (*Model, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("remote models need a little-endian machine")
	}
	m := &Model{caller: caller, name: name, version: version, sig: sig}
	for _, h := range sig.Heads {
		i, err := m.outputOf(h, graph)
		if err != nil {
			return nil, err
		}
		m.heads = append(m.heads, head{output: i, column: max(h.Column, 0), weight: h.Weight})
	}
	return m, nil
}

// outputOf returns the index of the output that a head reads.
func (m *Model) outputOf(h model.Head, graph model.Graph) (int, error) {
	for i := range m.outputs {
		if m.outputs[i].name == h.Output {
			return i, nil
		}
	}
	for _, t := range graph.Outputs {
		if t.Name != h.Output {
			continue
		}
		o := output{name: t.Name, typ: TypeOf(t.Type), width: 1}
		if len(t.Dims) == 2 {
			o.width = int(max(t.Dims[1], 0))
		}
		m.outputs = append(m.outputs, o)
		return len(m.outputs) - 1, nil
	}
	return 0, fmt.Errorf("score.%s: the servers' model %s has no such output", h.Output, m.name)
}

// Pass is the memory of one forward pass on another server: inputs to fill, scores to
// read. It is used by one goroutine at a time and kept for the next pass.
type Pass struct {
	model   *Model
	rows    int
	tensors model.Tensors // of message
	message *packet
	packets sync.Pool // *packet
	scores  []float32
}

// NewPass allocates a pass of up to rows rows.
func (m *Model) NewPass(rows int) (*Pass, error) {
	p := &Pass{model: m, rows: rows, scores: make([]float32, rows)}
	p.tensors.Inputs = make([]model.Buffer, len(m.sig.Inputs))
	p.packets.New = func() any { return newPacket(p) }
	p.load()
	return p, nil
}

// load gives the pass a packet that nobody else reads.
func (p *Pass) load() {
	p.message = p.packets.Get().(*packet)
	p.message.refs.Store(1)
	copy(p.tensors.Inputs, p.message.buffers)
}

// Tensors returns the input memory to fill before Run. Another Run may have exchanged
// it, so it is asked for each time.
func (p *Pass) Tensors() *model.Tensors { return &p.tensors }

// Run scores the first rows rows, which belong to the first requests requests. The
// scores are valid until the next Run; a score may be NaN or infinite. An error is as
// Client says; an answer that is not what the model's metadata promised is Unavailable.
func (p *Pass) Run(rows, requests int, deadline time.Time) ([]float32, error) {
	p.message.pack(p.model, rows, requests)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	reply, err := p.model.caller.Call(ctx, rows, &p.message.Message)
	if p.message.shared() {
		// An attempt that lost may still read the rows: leave them to it.
		p.message.Release()
		p.load()
	}
	if err != nil {
		return nil, err
	}
	defer reply.Release()
	return p.combine(&reply.Response, rows)
}

// combine adds the heads up, in the order that the model's configuration has.
func (p *Pass) combine(r *Response, rows int) ([]float32, error) {
	scores := p.scores[:rows]
	clear(scores)
	for _, h := range p.model.heads {
		o := &p.model.outputs[h.output]
		t, width, err := o.find(r, rows)
		if err == nil && h.column >= width {
			err = fmt.Errorf("output %s%v has no column %d", o.name, t.Shape, h.column)
		}
		if err == nil && t.JSON != nil {
			err = r.toRaw(t)
		}
		if err != nil {
			return nil, rank.Errorf(rank.Unavailable, "model %s: the answer to %d rows: %v", p.model.name, rows, err)
		}
		h.add(scores, t, width)
	}
	return scores, nil
}

// find returns the output in an answer, and its elements per row.
func (o *output) find(r *Response, rows int) (t *Tensor, width int, err error) {
	for i := range r.Outputs {
		if t = &r.Outputs[i]; t.Name != o.name {
			continue
		}
		n, err := t.Elements()
		switch {
		case err != nil:
			return nil, 0, err
		case t.Type != o.typ:
			return nil, 0, fmt.Errorf("output %s is %s, not %s", o.name, t.Type, o.typ)
		case len(t.Shape) == 0 || t.Shape[0] != int64(rows) || o.width > 0 && n != rows*o.width:
			return nil, 0, fmt.Errorf("output %s has the shape %v", o.name, t.Shape)
		}
		return t, n / rows, nil
	}
	return nil, 0, fmt.Errorf("it has no output %s", o.name)
}

// Close frees the pass.
func (p *Pass) Close() error {
	p.message.Release()
	p.message, p.tensors.Inputs = nil, nil
	return nil
}

func (h *head) add(scores []float32, t *Tensor, width int) {
	size := t.Type.Size()
	raw, step := t.Raw[h.column*size:], width*size
	le := binary.LittleEndian
	switch t.Type {
	case FP32:
		for i := range scores {
			scores[i] += h.weight * math.Float32frombits(le.Uint32(raw[i*step:]))
		}
	case FP64:
		for i := range scores {
			scores[i] += h.weight * float32(math.Float64frombits(le.Uint64(raw[i*step:])))
		}
	default:
		for i := range scores {
			scores[i] += h.weight * model.HalfToFloat(le.Uint16(raw[i*step:]))
		}
	}
}
