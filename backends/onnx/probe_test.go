//go:build cgo

package onnx

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/model"
)

func TestAProviderThatIsNotThereIsReplacedByTheNext(t *testing.T) {
	f := func(configured, providers []string, missing ...string) {
		t.Helper()
		cfg := DefaultConfig()
		cfg.Providers = configured
		rt, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range rt.Missing {
			got = append(got, m.Name+" by "+m.Instead)
			if m.Reason == nil || !strings.Contains(m.Needs(), "onnxruntime-gpu") {
				t.Errorf("%v: the reason is %v, it needs %q; want both to be told", configured, m.Reason, m.Needs())
			}
		}
		if !slices.Equal(rt.Providers, providers) || !slices.Equal(got, missing) {
			t.Errorf("%v: runs on %v, replaced are %v; want %v, %v", configured, rt.Providers, got, providers, missing)
		}
	}
	cpu := []string{"cpu"}
	f(nil, cpu)
	f([]string{"cpu"}, cpu)
	f([]string{"cuda", "cpu"}, cpu, "cuda by cpu")
	f([]string{"tensorrt", "cpu"}, cpu, "tensorrt by cpu")
	f([]string{"tensorrt", "cuda", "cpu"}, cpu, "tensorrt by cpu", "cuda by cpu")
}

func TestAModelScoresTheSameWhereProvidersAreMissing(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Providers = []string{"tensorrt", "cuda", "cpu"}
	rt, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var scores [2][]float32
	for i, s := range []*Session{load(t, "mid.onnx", dense(128, "logits")), loadOn(t, rt, "mid.onnx", dense(128, "logits"))} {
		p := pass(t, s, 16)
		for j := range p.Tensors().Inputs[0].Float32 {
			p.Tensors().Inputs[0].Float32[j] = float32(j%17) / 17
		}
		if scores[i], err = p.Run(16, 1); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(scores[0], scores[1]) {
		t.Errorf("scores are %v; on cpu alone %v", scores[1], scores[0])
	}
}

func TestTheProbeRunsOnAProviderThatIsThere(t *testing.T) {
	if err := runtimeOf(t).probe(CPU); err != nil {
		t.Error(err)
	}
}

func TestAProvidersLibraryThatCannotBeLoadedIsNamed(t *testing.T) {
	rt := *runtimeOf(t)
	t.Chdir(t.TempDir())
	rt.Library = "libonnxruntime.so"
	if err := rt.tryLibrary(CUDA); err != nil {
		t.Errorf("without a library: %v; want no second reason", err)
	}
	const library = "libonnxruntime_providers_cuda.so"
	if err := os.WriteFile(library, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := rt.probe(CUDA); err == nil || !strings.Contains(err.Error(), library) {
		t.Errorf("probe = %v; want it to tell of %s", err, library)
	}
}

// The provider of this test has no memory of its own, so that nothing shows here if
// inputs are not bound anew; but those that are must be the run's.
func TestInputsThatAreBoundForEachRunAreThoseOfTheRun(t *testing.T) {
	s := load(t, "types.onnx", everyType(model.Head{Output: "a", Column: 1, Weight: 1}, model.Head{Output: "b", Weight: 100}))
	s.device = true
	p := pass(t, s, 4)
	for run := range 3 {
		in := p.Tensors().Inputs
		in[3].Int64[0], in[6].String[0] = int64(run), "x"
		scores, err := p.Run(1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := float32(100 + run); scores[0] != want {
			t.Errorf("run %d scores %v; want %v", run, scores[0], want)
		}
	}
}
