//go:build cgo

package cut_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/backends/onnx/cut"
)

// index says which of two requests each row of a comparison belongs to.
var index = []int64{0, 0, 1, 1, 1}

var rows = len(index)

func open(t *testing.T) {
	t.Helper()
	if _, err := onnx.Open(onnx.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	model, err := os.ReadFile("../testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func find(t *testing.T, model []byte) *cut.Layer {
	t.Helper()
	layers, err := cut.Find(model)
	if err != nil || len(layers) != 1 {
		t.Fatalf("Find = %d layers, %v; want one", len(layers), err)
	}
	return layers[0]
}

// run gives the model's outputs of the inputs: floats, each [rows, n], or the index.
func run(t rapid.TB, model []byte, inputs map[string][]float32) map[string][]float32 {
	t.Helper()
	declaredIn, declaredOut, err := ort.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		t.Fatal(err)
	}
	var in, out []string
	var given []ort.Value
	for _, info := range declaredIn {
		in = append(in, info.Name)
		tensor, err := tensorOf(info, inputs[info.Name])
		if err != nil {
			t.Fatalf("input %q: %v", info.Name, err)
		}
		defer tensor.Destroy()
		given = append(given, tensor)
	}
	for _, info := range declaredOut {
		out = append(out, info.Name)
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(model, in, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Destroy()
	got := make([]ort.Value, len(out))
	if err := session.Run(given, got); err != nil {
		t.Fatal(err)
	}
	result := map[string][]float32{}
	for i, name := range out {
		result[name] = slices.Clone(got[i].(*ort.Tensor[float32]).GetData())
		got[i].Destroy()
	}
	return result
}

func tensorOf(info ort.InputOutputInfo, elements []float32) (ort.Value, error) {
	if info.DataType == ort.TensorElementDataTypeInt64 {
		return ort.NewTensor(ort.NewShape(int64(rows)), index)
	}
	n := info.Dimensions[1]
	return ort.NewTensor(ort.NewShape(int64(len(elements))/n, n), elements)
}

// random gives inputs for the layer: as the whole model has them, and the columns one
// row after the other. Those that are per request are the same for all rows of one.
func random(layer *cut.Layer, groups []cut.Group) (inputs map[string][]float32, columns []float32) {
	source := rand.New(rand.NewPCG(1, 2))
	for row := range rows {
		for _, group := range groups {
			x := float32(source.NormFloat64())
			if group == cut.PerRequest && row > 0 && index[row] == index[row-1] {
				x = columns[len(columns)-layer.Columns]
			}
			columns = append(columns, x)
		}
	}
	return inputsOf(layer, columns), columns
}

// runHalves gives what the halves of the layer make of the columns.
// Others are what the rest asks for beside them.
func runHalves(t rapid.TB, layer *cut.Layer, groups []cut.Group, columns []float32, others map[string][]float32) map[string][]float32 {
	t.Helper()
	halves, err := layer.Split(groups)
	if err != nil {
		t.Fatal(err)
	}
	of := map[cut.Group][]float32{}
	for i, x := range columns {
		row, group := i/len(groups), groups[i%len(groups)]
		if group != cut.PerRequest || row == 0 || index[row] != index[row-1] {
			of[group] = append(of[group], x)
		}
	}
	part := run(t, halves.Part, map[string][]float32{cut.PartColumns: of[cut.Kept]})[cut.PartOutput]
	if len(part) != rows*layer.Width {
		t.Fatalf("the part has %d elements; want %d for each row", len(part), layer.Width)
	}
	inputs := map[string][]float32{
		halves.RowInput: of[cut.PerRow], halves.RequestInput: of[cut.PerRequest], halves.PartInput: part,
	}
	maps.Copy(inputs, others)
	return run(t, halves.Rest, inputs)
}

func same(t rapid.TB, got, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("the halves give %d outputs; want %d", len(got), len(want))
	}
	for name, values := range want {
		if len(got[name]) != len(values) {
			t.Fatalf("%s has %d elements; want %d", name, len(got[name]), len(values))
		}
		scale := 1.0
		for _, v := range values {
			scale = max(scale, math.Abs(float64(v)))
		}
		for i, v := range values {
			if !(math.Abs(float64(got[name][i]-v)) <= 1e-5*scale) {
				t.Fatalf("%s[%d] = %v; want %v", name, i, got[name][i], v)
			}
		}
	}
}

var layers = map[string]struct {
	inputs         []string
	columns, width int
}{
	"small.onnx":    {[]string{"dense"}, 64, 128},
	"mid.onnx":      {[]string{"dense"}, 128, 256},
	"concat.onnx":   {[]string{"user", "item", "pair"}, 13, 4},
	"keras.onnx":    {[]string{"dense"}, 6, 4},
	"bare.onnx":     {[]string{"dense"}, 6, 4},
	"floats.onnx":   {[]string{"dense"}, 6, 4},
	"constant.onnx": {[]string{"dense"}, 6, 4},
}

func TestTheHalvesTogetherGiveWhatTheWholeModelGives(t *testing.T) {
	open(t)
	for file, want := range layers {
		t.Run(file, func(t *testing.T) {
			model := read(t, file)
			layer := find(t, model)
			if !slices.Equal(layer.Inputs, want.inputs) || layer.Columns != want.columns || layer.Width != want.width {
				t.Fatalf("Find = %v, %d columns, %d wide; want %v", layer.Inputs, layer.Columns, layer.Width, want)
			}
			rapid.Check(t, func(t *rapid.T) {
				some := rapid.SampledFrom([]cut.Group{cut.PerRow, cut.PerRequest, cut.Kept})
				if !layer.TakesRequests() {
					some = rapid.SampledFrom([]cut.Group{cut.PerRow, cut.Kept})
				}
				groups := rapid.SliceOfN(some, layer.Columns, layer.Columns).Draw(t, "groups")
				if rapid.Bool().Draw(t, "no column is per row") && layer.TakesRequests() {
					for i := range groups {
						groups[i] = max(groups[i], cut.PerRequest)
					}
				}
				groups[rapid.IntRange(0, layer.Columns-1).Draw(t, "surely kept")] = cut.Kept
				inputs, columns := random(layer, groups)
				same(t, runHalves(t, layer, groups, columns, nil), run(t, model, inputs))
			})
		})
	}
}

func TestALayerOfWhichAllIsKeptIsOnlyItsPart(t *testing.T) {
	open(t)
	for file := range layers {
		t.Run(file, func(t *testing.T) {
			model := read(t, file)
			layer := find(t, model)
			all := slices.Repeat([]cut.Group{cut.Kept}, layer.Columns)
			inputs, columns := random(layer, all)
			halves, err := layer.Split(all)
			if err != nil || halves.RowInput != "" || halves.RequestInput != "" || halves.IndexInput != "" {
				t.Fatalf("Split = %q, %q, %q, %v; want no inputs but the part", halves.RowInput, halves.RequestInput, halves.IndexInput, err)
			}
			same(t, runHalves(t, layer, all, columns, nil), run(t, model, inputs))
		})
	}
}

func TestTheRestAsksForTheOtherColumnsAndThePart(t *testing.T) {
	open(t)
	layer := find(t, read(t, "concat.onnx"))
	groups := make([]cut.Group, layer.Columns)
	groups[3], groups[0], groups[1] = cut.Kept, cut.PerRequest, cut.PerRequest
	halves, err := layer.Split(groups)
	if err != nil {
		t.Fatal(err)
	}
	inputs, _, err := ort.GetInputOutputInfoWithONNXData(halves.Rest)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]ort.Shape{
		halves.RowInput: ort.NewShape(-1, 10), halves.RequestInput: ort.NewShape(-1, 2),
		halves.IndexInput: ort.NewShape(-1), halves.PartInput: ort.NewShape(-1, 4),
	}
	for _, info := range inputs {
		if !info.Dimensions.Equals(want[info.Name]) {
			t.Errorf("input %s is %v; want %v", info.Name, info.Dimensions, want[info.Name])
		}
	}
	if len(inputs) != len(want) {
		t.Errorf("the rest has %d inputs; want %d", len(inputs), len(want))
	}
}

func TestEachOfSeveralLayersCanBeTakenApart(t *testing.T) {
	open(t)
	model := read(t, "wide.onnx")
	layers, err := cut.Find(model)
	if err != nil || len(layers) != 2 {
		t.Fatalf("Find = %d layers, %v; want two", len(layers), err)
	}
	for i, layer := range layers {
		other, _ := random(layers[1-i], make([]cut.Group, layers[1-i].Columns))
		groups := make([]cut.Group, layer.Columns)
		groups[0], groups[1] = cut.Kept, cut.PerRequest
		inputs, columns := random(layer, groups)
		maps.Copy(inputs, other)
		same(t, runHalves(t, layer, groups, columns, other), run(t, model, inputs))
	}
}

func TestHugeColumnsOfARequestDoNotReachTheOthersOfItsPass(t *testing.T) {
	open(t)
	for _, file := range []string{"concat.onnx", "mid.onnx"} {
		model := read(t, file)
		layer := find(t, model)
		infinite := float32(math.Inf(1))
		for _, huge := range [][2]float32{{3.4e38, 3.4e38}, {-3.4e38, -3.4e38}, {3.4e38, -3.4e38}, {infinite, -infinite}} {
			groups := slices.Repeat([]cut.Group{cut.PerRequest}, layer.Columns)
			groups[0], groups[1] = cut.Kept, cut.PerRow
			_, columns := random(layer, groups)
			for i := range columns {
				column := i % layer.Columns
				if index[i/layer.Columns] == 0 && groups[column] == cut.PerRequest {
					columns[i] = huge[column%2]
				}
			}
			got := runHalves(t, layer, groups, columns, nil)["logits"]
			want := run(t, model, inputsOf(layer, columns))["logits"]
			first := slices.Index(index, 1) // the row that the other request begins with
			same(t, map[string][]float32{file: got[first:]}, map[string][]float32{file: want[first:]})
		}
	}
}

// inputsOf gives columns as the whole model has them.
func inputsOf(layer *cut.Layer, columns []float32) map[string][]float32 {
	inputs := map[string][]float32{}
	for len(columns) > 0 {
		for i, name := range layer.Inputs {
			inputs[name] = append(inputs[name], columns[:layer.Widths[i]]...)
			columns = columns[layer.Widths[i]:]
		}
	}
	return inputs
}
