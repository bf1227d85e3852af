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
	random *rand.Rand
}

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
	t := a.newTrial(p, q)
	telling := false
	for _, scale := range scales {
		var apart bool
		if apart, err = t.compare(scale); err != nil {
			break
		}
		if telling = telling || apart; telling {
			break
		}
	}
	if err == nil && !telling {
		err = fmt.Errorf("%w: its scores do not depend on its columns, so that nothing could be compared", ErrWhole)
	}
	return errors.Join(err, p.Close(), q.Close())
}

func (a *Apart) newTrial(whole *Pass, apart *ApartPass) *trial {
	t := &trial{layout: a.layout, whole: whole, apart: apart, random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // any numbers do
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
		}
	}
	return t
}

// compare runs both passes on columns of the given scale. It reports whether scores are
// so far from each other that they tell anything.
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
	largest := max(math.Abs(low), math.Abs(high))
	for i := range want {
		if !alike(float64(got[i]), float64(want[i]), largest) {
			return false, fmt.Errorf("taken apart it scores %v where the whole graph scores %v", got[i], want[i])
		}
	}
	return high-low > telltale*largest, nil
}

// telltale is by how much of the largest score others must differ from it. What is alike
// is a tenth of that: as near as two outputs of half precision are.
const (
	telltale = 2e-2
	near     = 2e-3
)

func alike(got, want, largest float64) bool {
	return got == want || math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= near*largest
}

// fill gives both passes the same columns of the layer; the other inputs stay zero.
func (t *trial) fill(scale float64) {
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
