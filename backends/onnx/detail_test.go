//go:build cgo

package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/rankgate/rankgate/model"
)

// details loads the graph with several outputs, and a pass of it with two rows.
func details(t *testing.T) (*Session, *Pass) {
	t.Helper()
	s := load(t, "details.onnx", dense(2, "sum"))
	p := pass(t, s, 8)
	copy(p.Tensors().Inputs[0].Float32, []float32{1, 2, -3, float32(math.NaN())})
	return s, p
}

func TestOutputsThatFollowTheRowsCanBeHad(t *testing.T) {
	s, _ := details(t)
	want := []model.Tensor{
		{Name: "sum", Type: model.Float32, Dims: []int64{-1}},
		{Name: "top", Type: model.Int64, Dims: []int64{-1, 1}},
		{Name: "positive", Type: model.Bool, Dims: []int64{-1, 2}},
		{Name: "scaled", Type: model.Float64, Dims: []int64{-1, 2}},
	}
	same := func(a, b model.Tensor) bool {
		return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Dims, b.Dims)
	}
	if got := s.Outputs(); !slices.EqualFunc(got, want, same) {
		t.Errorf("Outputs = %v; want %v", got, want)
	}
}

func TestAPassGivesAllOutputsOnlyToTheRunThatWasAskedForThem(t *testing.T) {
	_, p := details(t)
	for round := range 3 {
		p.Detail()
		scores, err := p.Run(2, 1)
		if err != nil {
			t.Fatal(err)
		}
		if scores[0] != 3 || scores[1] == scores[1] {
			t.Errorf("scores = %v; want [3 NaN]", scores)
		}
		if positive := p.Output(2); !slices.Equal(positive, []byte{1, 1, 0, 0}) {
			t.Errorf("positive = %v; want the rows' signs", positive)
		}
		first, last := word(p.Output(3), 0), word(p.Output(3), 3)
		if len(p.Output(0)) != 2*4 || len(p.Output(3)) != 4*8 || first != 2 || last == last {
			t.Errorf("scaled = %v … %v in %d bytes; want 2 … NaN in 32", first, last, len(p.Output(3)))
		}
		if _, err := p.Run(1, 1); err != nil {
			t.Fatal(err)
		}
		if len(p.Output(0)) != 4 || p.Output(1) != nil {
			t.Errorf("round %d: a run for scores gave %d and %d bytes; want 4 and none", round, len(p.Output(0)), len(p.Output(1)))
		}
	}
}

// word is element i of a float64 output.
func word(raw []byte, i int) float64 {
	return math.Float64frombits(binary.NativeEndian.Uint64(raw[8*i:]))
}

func TestScoresAreTheSameBitsWithAndWithoutTheOtherOutputs(t *testing.T) {
	s := load(t, "types.onnx", everyType(model.Head{Output: "a", Column: 1, Weight: 0.1}))
	p := pass(t, s, 8)
	for row := range 8 {
		p.Tensors().Inputs[2].Float64[row] = 0.7 * float64(row)
		p.Tensors().Inputs[6].String[row] = "x"
	}
	plain, err := p.Run(8, 1)
	if err != nil {
		t.Fatal(err)
	}
	plain = slices.Clone(plain)
	p.Detail()
	for row := range 8 {
		p.Tensors().Inputs[6].String[row] = "x" // a run forgets them
	}
	detailed, err := p.Run(8, 1)
	if err != nil || !slices.Equal(plain, detailed) {
		t.Errorf("with details scores are %v, %v; without %v", detailed, err, plain)
	}
}

// everyType feeds each input of types.onnx with one column.
func everyType(heads ...model.Head) *model.Spec {
	spec := &model.Spec{Score: heads}
	for _, name := range []string{"f32", "f16", "f64", "i64", "i32", "flag", "word"} {
		spec.Inputs = append(spec.Inputs, model.Input{Name: name, Columns: columns("item", 1)})
	}
	return spec
}

func TestAnOutputWhoseLengthTheValuesDecideIsLeftAlone(t *testing.T) {
	s := load(t, "hits.onnx", dense(2, "sum"))
	if got := s.Outputs(); len(got) != 1 || got[0].Name != "sum" {
		t.Errorf("Outputs = %v; want the sum alone", got)
	}
	p := pass(t, s, 8)
	p.Detail()
	copy(p.Tensors().Inputs[0].Float32, []float32{1, 2, 3, 4})
	if scores, err := p.Run(2, 1); err != nil || scores[1] != 7 {
		t.Errorf("Run = %v, %v; want the second score 7", scores, err)
	}
}

func TestASteadyLoadOfDetailsAllocatesNothing(t *testing.T) {
	_, p := details(t)
	run := func() {
		p.Detail()
		if _, err := p.Run(8, 1); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("a pass allocates %v times; want 0", n)
	}
}
