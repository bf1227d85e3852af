//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"unsafe"

	"github.com/rankgate/rankgate/backends/onnx/cut"
	"github.com/rankgate/rankgate/model"
)

// slots says which of two requests each row of a check belongs to.
var slots = []int64{0, 0, 1, 1, 1}

// check compares scores with those of the whole graph, on random columns.
func (a *Apart) check(whole *Session) error {
	p, err := whole.NewPass(len(slots))
	if err != nil {
		return err
	}
	q, err := a.NewPass(len(slots))
	if err != nil {
		return errors.Join(err, p.Close())
	}
	a.fill(p.Tensors(), q)
	want, err := p.Run(len(slots), 2)
	got, other := q.Run(len(slots), 2)
	if err = errors.Join(err, other); err == nil {
		for i := range want {
			if !alike(got[i], want[i]) {
				err = fmt.Errorf("taken apart it scores %v where the whole graph scores %v", got[i], want[i])
			}
		}
	}
	return errors.Join(err, p.Close(), q.Close())
}

// alike allows for the order of sums, and for outputs of half precision.
func alike(a, b float32) bool {
	const share = 2e-3
	x, y := float64(a), float64(b)
	return math.Abs(x-y) <= share*max(1, math.Abs(y)) || math.IsNaN(x) && math.IsNaN(y) || x == y
}

// fill gives both passes the same random columns of the layer; the other inputs stay
// zero.
func (a *Apart) fill(whole *model.Tensors, apart *ApartPass) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // any numbers do
	buffers := [3]*model.Buffer{cut.Kept: &apart.input.Columns}
	for i := range a.sig.Inputs {
		buffer := &apart.Tensors().Inputs[i]
		switch a.sig.Inputs[i].Name {
		case a.halves.RowInput:
			buffers[cut.PerRow] = buffer
		case a.halves.RequestInput:
			buffers[cut.PerRequest] = buffer
		case a.halves.IndexInput:
			copy(buffer.Int64, slots)
		}
	}
	row := unsafe.Pointer(new(byte))
	apart.input.Fill(0, slices.Repeat([]unsafe.Pointer{row}, len(slots)), 0)
	for at, slot := range slots {
		for _, s := range a.layout.stretches {
			from, into, place := &whole.Inputs[s.input], buffers[s.group], at
			if s.group == cut.PerRequest {
				place = int(slot)
			}
			for i := range s.width {
				v := &into.Float32[place*into.Width+s.to+i]
				if s.group != cut.PerRequest || at == slices.Index(slots, slot) {
					*v = float32(random.NormFloat64())
				}
				from.Float32[at*from.Width+s.from+i] = *v
			}
		}
	}
}
