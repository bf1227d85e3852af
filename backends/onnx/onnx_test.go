//go:build cgo

package onnx

import (
	"io"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/rankgate/rankgate/model"
)

func runtimeOf(t testing.TB) *Runtime {
	t.Helper()
	rt, err := Open(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

// widthOne says that every column is one element and fits everything.
func widthOne(model.Column, model.Type) (int, error) { return 1, nil }

func columns(view string, n int) []model.Column {
	out := make([]model.Column, n)
	for i := range out {
		out[i] = model.Column{View: view, Name: string(rune('a' + i%26))}
	}
	return out
}

func dense(width int, output string) *model.Spec {
	return &model.Spec{
		Inputs: []model.Input{{Name: "dense", Columns: columns("item", width)}},
		Score:  []model.Head{{Output: output, Weight: 1}},
	}
}

func load(t testing.TB, file string, spec *model.Spec) *Session {
	t.Helper()
	return loadOn(t, runtimeOf(t), file, spec)
}

func loadOn(t testing.TB, rt *Runtime, file string, spec *model.Spec) *Session {
	t.Helper()
	path := "testdata/" + file
	graph, err := rt.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	sig, mistakes := model.Resolve(spec, graph, widthOne)
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	s, err := rt.NewSession(path, graph, sig)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, s)
	return s
}

func pass(t testing.TB, s *Session, rows int) *Pass {
	t.Helper()
	p, err := s.NewPass(rows)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, p)
	return p
}

func closeAfter(t testing.TB, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestARowThatIsNotANumberLeavesTheOthersAlone(t *testing.T) {
	p := pass(t, load(t, "sum.onnx", dense(4, "sum")), 8)
	in := p.Tensors().Inputs[0].Float32
	copy(in, []float32{1, 2, 3, 4, -1, 0, 0, 0, 5, 5, 5, 5})
	scores, err := p.Run(3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if scores[0] != 10 || !math.IsNaN(float64(scores[1])) || scores[2] != 20 {
		t.Errorf("scores = %v; want [10 NaN 20]", scores)
	}
}

func TestEveryInputTypeReachesTheGraph(t *testing.T) {
	spec := &model.Spec{Score: []model.Head{
		{Output: "a", Column: 0, Weight: 1}, {Output: "a", Column: 1, Weight: 10}, {Output: "b", Weight: 1000},
	}}
	for _, name := range []string{"f32", "f16", "f64", "i64", "i32", "flag", "word"} {
		spec.Inputs = append(spec.Inputs, model.Input{Name: name, Columns: columns("item", 1)})
	}
	p := pass(t, load(t, "types.onnx", spec), 4)
	in := p.Tensors().Inputs
	for row, word := range []string{"x", "other"} {
		in[0].Float32[row] = 1
		in[1].Float16[row] = model.FloatToHalf(0.5)
		in[2].Float64[row] = 2
		in[3].Int64[row] = 3
		in[4].Int32[row] = 4
		in[5].Bool[row] = row == 0
		in[6].String[row] = word
	}
	scores, err := p.Run(2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if scores[0] != 1.5+100+1000 || scores[1] != 1.5+90 {
		t.Errorf("scores = %v; want [1101.5 91.5]", scores)
	}
}

func towers() *model.Spec {
	return &model.Spec{
		Inputs: []model.Input{
			{Name: "item", Columns: columns("item", 3)},
			{Name: "user", Columns: columns("user", 3), PerRequest: true, RowIndex: "row"},
		},
		Score: []model.Head{{Output: "dot", Weight: 1}},
	}
}

func TestRowsReadTheUserOfTheirOwnRequest(t *testing.T) {
	s := load(t, "towers.onnx", towers())
	p := pass(t, s, 8)
	for i, in := range s.sig.Inputs {
		buffer := &p.Tensors().Inputs[i]
		switch in.Name {
		case "user":
			copy(buffer.Float32, []float32{1, 0, 0, 0, 2, 0})
		case "item":
			copy(buffer.Float32, []float32{1, 5, 0, 2, 6, 0, 3, 7, 0})
		case "row":
			copy(buffer.Int64, []int64{0, 1, 0})
		}
	}
	scores, err := p.Run(3, 2)
	if err != nil {
		t.Fatal(err)
	}
	if scores[0] != 1 || scores[1] != 12 || scores[2] != 3 {
		t.Errorf("scores = %v; want [1 12 3]", scores)
	}
}

func TestAnOutputThatIgnoresTheRowsIsRefused(t *testing.T) {
	rt := runtimeOf(t)
	graph, err := rt.Inspect("testdata/fixed.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if _, mistakes := model.Resolve(dense(1, "mean"), graph, widthOne); len(mistakes) != 1 {
		t.Errorf("Resolve = %v; want a refusal of the output's shape", mistakes)
	}
	graph.Outputs[0].Dims = []int64{-1, -1} // a graph that does not say it
	sig, mistakes := model.Resolve(dense(1, "mean"), graph, widthOne)
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	_, err = rt.NewSession("testdata/fixed.onnx", graph, sig)
	if err == nil || !strings.Contains(err.Error(), "must follow the number of rows") {
		t.Errorf("NewSession = %v; want a refusal that names the output's shape", err)
	}
}

func TestAScoreOfSeveralColumnsMustBeChosen(t *testing.T) {
	rt := runtimeOf(t)
	graph, err := rt.Inspect("testdata/types.onnx")
	if err != nil {
		t.Fatal(err)
	}
	graph.Outputs[0].Dims = []int64{-1, -1}
	spec := &model.Spec{Score: []model.Head{{Output: "a", Column: -1, Weight: 1}}}
	for _, in := range graph.Inputs {
		spec.Inputs = append(spec.Inputs, model.Input{Name: in.Name, Columns: columns("item", 1)})
	}
	sig, mistakes := model.Resolve(spec, graph, widthOne)
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	_, err = rt.NewSession("testdata/types.onnx", graph, sig)
	if err == nil || !strings.Contains(err.Error(), "score.a: the output has 2 columns") {
		t.Errorf("NewSession = %v; want a refusal that asks for the column", err)
	}
}

func TestAFileThatIsNoGraphIsRefused(t *testing.T) {
	rt := runtimeOf(t)
	for _, path := range []string{"testdata/make.py", "testdata/absent.onnx"} {
		if _, err := rt.Inspect(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Inspect(%s) = %v; want an error that names the file", path, err)
		}
	}
}

func TestPassesOfOneSessionRunSideBySide(t *testing.T) {
	s := load(t, "sum.onnx", dense(4, "sum"))
	var wg sync.WaitGroup
	for worker := range 4 {
		p := pass(t, s, 16)
		wg.Go(func() {
			for round := range 300 {
				rows := 1 + (round+worker)%16
				in := p.Tensors().Inputs[0].Float32
				for i := range rows * 4 {
					in[i] = float32(worker)
				}
				scores, err := p.Run(rows, 1)
				if err != nil {
					t.Error(err)
					return
				}
				for _, score := range scores {
					if score != float32(4*worker) {
						t.Errorf("worker %d got %v", worker, score)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestBindingsAreForgottenAtTheirLimit(t *testing.T) {
	p := pass(t, load(t, "towers.onnx", towers()), 64)
	for rows := 1; rows <= 64; rows++ {
		for requests := 1; requests <= min(rows, 32); requests++ {
			if _, err := p.Run(rows, requests); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(p.bound) > maxBindings {
		t.Errorf("%d bindings are kept; the limit is %d", len(p.bound), maxBindings)
	}
}

func TestASteadyLoadAllocatesNothing(t *testing.T) {
	p := pass(t, load(t, "sum.onnx", dense(4, "sum")), 64)
	if n := testing.AllocsPerRun(100, func() { p.Run(64, 1) }); n != 0 {
		t.Errorf("a pass allocates %v times; want 0", n)
	}
}

func BenchmarkPass(b *testing.B) {
	for _, m := range []struct {
		file  string
		width int
	}{{"small.onnx", 64}, {"mid.onnx", 128}} {
		b.Run(strings.TrimSuffix(m.file, ".onnx")+"/200", func(b *testing.B) {
			p := pass(b, load(b, m.file, dense(m.width, "logits")), 200)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Run(200, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
