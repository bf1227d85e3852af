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

// trial is two passes of the same random columns, of the whole graph and of it apart.
type trial struct {
	layout *layout
	whole  *Pass
	apart  *ApartPass
	groups [3]*model.Buffer // of apart, where the columns of each group lie
	others []other          // inputs that are none of the layer's
	random *rand.Rand

	precision float64 // of scores, as a share of the largest
}

// other is an input in both passes.
type other struct{ whole, apart *model.Buffer }

// ofRequest says which of two requests each row of a trial belongs to.
var ofRequest = []int64{0, 0, 0, 1, 1, 1, 1}

// scales are how large columns are tried, in turn, until scores depend on them: a graph
// may have been trained on columns of millions, or give next to 1 for any but small ones.
var scales = []float64{1, 1e-2, 1e2, 1e4, 1e6}

// check compares scores with those of the whole graph.
func (a *Apart) check(whole *Session) error {
	p, err := whole.NewPass(len(ofRequest))
	if err != nil {
		return err
	}
	q, err := a.NewPass(len(ofRequest))
	if err != nil {
		return errors.Join(err, p.Close())
	}
	t := a.newTrial(whole, p, q)
	telling := false
	for i := 0; i < len(scales) && !telling && err == nil; i++ {
		telling, err = t.compare(scales[i])
	}
	if err == nil && !telling {
		err = fmt.Errorf("%w: its scores were not seen to depend on its columns, so that nothing could be compared", ErrWhole)
	}
	return errors.Join(err, p.Close(), q.Close())
}

func (a *Apart) newTrial(s *Session, whole *Pass, apart *ApartPass) *trial {
	t := &trial{layout: a.layout, whole: whole, apart: apart, precision: 1e-5}
	t.random = rand.New(rand.NewPCG(1, 2)) //nolint:gosec // any numbers do
	if slices.ContainsFunc(s.outputs, func(o output) bool { return o.scored && o.typ == model.Float16 }) {
		t.precision = 1e-3
	}
	t.groups[cut.Kept] = &apart.input.Columns
	for i := range a.sig.Inputs {
		buffer := &apart.Tensors().Inputs[i]
		switch a.sig.Inputs[i].Name {
		case a.halves.RowInput:
			t.groups[cut.PerRow] = buffer
		case a.halves.RequestInput:
			t.groups[cut.PerRequest] = buffer
		case a.halves.IndexInput:
			copy(buffer.Int64, ofRequest)
		default:
			for j := range s.sig.Inputs {
				if s.sig.Inputs[j].Name == a.sig.Inputs[i].Name {
					t.others = append(t.others, other{whole: &whole.Tensors().Inputs[j], apart: buffer})
				}
			}
		}
	}
	return t
}

// compare runs both passes on columns of the given scale. It reports whether scores are
// so far from each other that they tell anything; only then must they be alike.
func (t *trial) compare(scale float64) (telling bool, err error) {
	t.fill(scale)
	want, err := t.whole.Run(len(ofRequest), 2)
	if err != nil {
		return false, err
	}
	got, err := t.apart.Run(len(ofRequest), 2)
	if err != nil {
		return false, err
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, score := range want {
		if s := float64(score); !math.IsNaN(s) && !math.IsInf(s, 0) {
			low, high = min(low, s), max(high, s)
		}
	}
	noise := t.precision * max(math.Abs(low), math.Abs(high))
	if !(high-low > 100*noise) {
		return false, nil
	}
	for i := range want {
		if !alike(float64(got[i]), float64(want[i]), 2e-3*(high-low)+noise) {
			return false, fmt.Errorf("taken apart it scores %v where the whole graph scores %v", got[i], want[i])
		}
	}
	return true, nil
}

func alike(got, want, near float64) bool {
	return got == want || math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= near
}

// fill gives both passes the same columns of the layer. Their other inputs of floats are
// the same too, and the same in all rows: scores may be products of both, but what tells
// one row's from another's must be the layer. What is neither stays zero.
func (t *trial) fill(scale float64) {
	for _, o := range t.others {
		whole, apart, width := o.whole.Float32, o.apart.Float32, o.whole.Width
		for at := range whole {
			if at < width {
				whole[at] = float32(scale * t.random.NormFloat64())
			}
			whole[at] = whole[at%width]
		}
		copy(apart, whole)
	}
	row := unsafe.Pointer(new(byte))
	t.apart.input.Fill(0, slices.Repeat([]unsafe.Pointer{row}, len(ofRequest)), 0)
	for at, request := range ofRequest {
		first := at == slices.Index(ofRequest, request)
		for _, s := range t.layout.stretches {
			whole, apart, place := &t.whole.Tensors().Inputs[s.input], t.groups[s.group], at
			if s.group == cut.PerRequest {
				place = int(request)
			}
			for i := range s.width {
				v := &apart.Float32[place*apart.Width+s.to+i]
				if s.group != cut.PerRequest || first {
					*v = float32(scale * t.random.NormFloat64())
				}
				whole.Float32[at*whole.Width+s.from+i] = *v
			}
		}
	}
}
