package floor

import (
	"fmt"
	"runtime"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/bench/onnx"
	"github.com/rankgate/rankgate/bench/workload"
)

// PassConfig says which forward pass to run. The graph has one input, float32
// [rows, Width], and one output that is wanted, float32 [rows] or [rows, 1].
type PassConfig struct {
	Library       string // of ONNX Runtime
	Model         string // file
	Input, Output string
	Width, Rows   int
	Threads       int // of a pass
}

// pass is a session with the memory of its input and output, tied to it once.
type pass struct {
	session *ort.DynamicAdvancedSession
	binding *ort.IoBinding
	rows    runtime.Pinner // holds the input in place, to which only ONNX Runtime has pointers
}

// newPasses returns as many passes as there are processors for their threads.
func newPasses(c PassConfig) (chan *pass, error) {
	if err := onnx.Open(c.Library); err != nil {
		return nil, err
	}
	n := max(1, runtime.GOMAXPROCS(0)/c.Threads)
	passes := make(chan *pass, n)
	for range n {
		p, err := newPass(c)
		if err != nil {
			return nil, err
		}
		passes <- p
	}
	return passes, nil
}

func newPass(c PassConfig) (*pass, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(c.Threads); err != nil {
		return nil, err
	}
	p := &pass{}
	if p.session, err = ort.NewDynamicAdvancedSession(c.Model, []string{c.Input}, []string{c.Output}, options); err != nil {
		return nil, err
	}
	rows := make([]float32, c.Rows*c.Width)
	for r := range c.Rows {
		workload.Vector(workload.Item, r, rows[r*c.Width:(r+1)*c.Width])
	}
	p.rows.Pin(unsafe.SliceData(rows))
	in, err := ort.NewTensor(ort.NewShape(int64(c.Rows), int64(c.Width)), rows)
	if err != nil {
		return nil, err
	}
	out, err := p.shapeOfOutput(in)
	if err != nil {
		return nil, err
	}
	if p.binding, err = p.session.CreateIoBinding(); err != nil {
		return nil, err
	}
	if err := p.binding.BindInput(c.Input, in); err != nil {
		return nil, err
	}
	return p, p.binding.BindOutput(c.Output, out)
}

// shapeOfOutput runs the pass once and returns what came of it.
func (p *pass) shapeOfOutput(in ort.Value) (ort.Value, error) {
	out := make([]ort.Value, 1)
	if err := p.session.Run([]ort.Value{in}, out); err != nil {
		return nil, fmt.Errorf("forward pass: %w", err)
	}
	return out[0], nil
}

func (p *pass) run() error { return p.session.RunWithBinding(p.binding) }
