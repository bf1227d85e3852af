package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/redis/rueidis"
	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// pass is a session, with the memory that it reads rows from and writes scores to. It
// is used by one request at a time.
type pass struct {
	session   *ort.DynamicAdvancedSession
	model     *contract.Model
	width     int
	userWidth int

	rows   []float32 // [capacity, width]
	scores []float32 // [capacity]
	// ONNX Runtime keeps pointers into rows and scores, which Go permits only if they
	// are pinned.
	pinner runtime.Pinner
	// bound has, for each number of rows that a request has had, what ONNX Runtime needs
	// to run as many: a tensor has one shape.
	bound []*ort.IoBinding
	made  []ort.Value // that are bound
}

const firstCapacity = 512 // rows

func newPass(model *contract.Model, flags *contract.Flags) (*pass, error) {
	session, err := model.NewSession()
	if err != nil {
		return nil, err
	}
	p := &pass{session: session, model: model, width: flags.Width, userWidth: flags.UserWidth}
	return p, p.grow(firstCapacity)
}

// run scores the items of values, of which the first is the user's row and each other
// an item's. The scores are valid until the next run.
func (p *pass) run(values []rueidis.RedisMessage) ([]float32, error) {
	count := len(values) - 1
	if count > len(p.scores) {
		if err := p.grow(2 * count); err != nil {
			return nil, err
		}
	}
	if err := p.fill(values); err != nil {
		return nil, err
	}
	binding, err := p.bind(count)
	if err != nil {
		return nil, err
	}
	if err := p.session.RunWithBinding(binding); err != nil {
		return nil, err
	}
	return p.scores[:count], nil
}

// fill writes a row of the model for each item.
func (p *pass) fill(values []rueidis.RedisMessage) error {
	user := p.rows[:p.userWidth]
	if err := decode(user, &values[0]); err != nil {
		return err
	}
	for i := range values[1:] {
		row := p.rows[i*p.width:][:p.width]
		copy(row, user)
		if err := decode(row[p.userWidth:], &values[1+i]); err != nil {
			return err
		}
	}
	return nil
}

// decode writes the floats of a value to row, or zeros if there is no value. It copies
// bytes, so the machine must be little-endian, as those that ONNX Runtime is for are.
func decode(row []float32, value *rueidis.RedisMessage) error {
	if value.IsNil() {
		clear(row)
		return nil
	}
	text, err := value.ToString()
	if err != nil {
		return err
	}
	if len(text) != 4*len(row) {
		return fmt.Errorf("a value has %d bytes; %d floats need %d", len(text), len(row), 4*len(row))
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(row))), len(text)), text)
	return nil
}

// bind returns what runs count rows. Only the first request with as many has to make it.
func (p *pass) bind(count int) (*ort.IoBinding, error) {
	if p.bound[count] != nil { // fast path
		return p.bound[count], nil
	}
	input, err := ort.NewTensor(ort.NewShape(int64(count), int64(p.width)), p.rows[:count*p.width])
	if err != nil {
		return nil, err
	}
	p.made = append(p.made, input)
	output, err := ort.NewTensor(p.model.OutputShape(count), p.scores[:count])
	if err != nil {
		return nil, err
	}
	p.made = append(p.made, output)
	binding, err := p.session.CreateIoBinding()
	if err != nil {
		return nil, err
	}
	if err := binding.BindInput(p.model.Input, input); err != nil {
		return nil, err
	}
	if err := binding.BindOutput(p.model.Output, output); err != nil {
		return nil, err
	}
	p.bound[count] = binding
	return binding, nil
}

// grow makes room for capacity rows, and drops what was bound to the memory before.
func (p *pass) grow(capacity int) error {
	for _, binding := range p.bound {
		if binding != nil {
			if err := binding.Destroy(); err != nil {
				return err
			}
		}
	}
	for _, value := range p.made {
		if err := value.Destroy(); err != nil {
			return err
		}
	}
	p.pinner.Unpin()
	p.rows, p.scores = make([]float32, capacity*p.width), make([]float32, capacity)
	p.pinner.Pin(unsafe.SliceData(p.rows))
	p.pinner.Pin(unsafe.SliceData(p.scores))
	p.bound, p.made = make([]*ort.IoBinding, capacity+1), nil
	return nil
}
