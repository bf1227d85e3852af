package cut

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rankgate/rankgate/backends/protofield"
)

// halve takes the model apart, with only its first column kept.
func halve(t *testing.T, model []byte) (*Layer, *Halves) {
	t.Helper()
	layer := only(t, model)
	groups := make([]Group, layer.Columns)
	groups[0] = Kept
	halves, err := layer.Split(groups)
	if err != nil {
		t.Fatal(err)
	}
	return layer, halves
}

func graphOf(t *testing.T, model []byte) *graph {
	t.Helper()
	g, err := readGraph(model)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestWhatIsNoneOfTheLayersStaysByteForByte(t *testing.T) {
	for file, changed := range map[string]struct{ gone, added int }{
		"small.onnx":    {4, 4}, // the node, its matrix, bias and input; the same without bias, and the part
		"keras.onnx":    {5, 4}, // and the Add
		"concat.onnx":   {7, 4}, // and the Concat and two inputs
		"constant.onnx": {4, 4},
		"bare.onnx":     {2, 5}, // the matrix is read by others; the new one is among the inputs
	} {
		model, err := os.ReadFile(filepath.Join("../testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		_, halves := halve(t, model)
		before, after := graphOf(t, model), graphOf(t, halves.Rest)
		kept := len(before.elements) - changed.gone
		if len(after.elements) != kept+changed.added {
			t.Errorf("%s: the rest has %d fields; want %d", file, len(after.elements), kept+changed.added)
		}
		old := map[string]bool{}
		for _, e := range before.elements {
			old[string(e.whole)] = true
		}
		same := 0
		for _, e := range after.elements {
			if old[string(e.whole)] {
				same++
			}
		}
		if same != kept {
			t.Errorf("%s: %d fields are as they were; want %d", file, same, kept)
		}
		for i, f := range before.model {
			if f.Number != modelGraph && !slices.Equal(f.whole, after.model[i].whole) {
				t.Errorf("%s: field %d of the model has changed", file, f.Number)
			}
		}
	}
}

func TestNoNameOfTheModelIsTakenAgain(t *testing.T) {
	d := plain().node("Gemm", names("x", "w"), "y").node("Relu", names("y"), "kept_part").node("Relu", names("row_matrix"), "row_matrix_").
		value(graphOutput, "row_columns", 1)
	layer, halves := halve(t, d.bytes())
	if halves.PartInput != "kept_part_" || halves.RowInput != "row_columns_" {
		t.Errorf("the inputs are %s and %s; both were taken", halves.PartInput, halves.RowInput)
	}
	if g := graphOf(t, halves.Rest); g.constants["row_matrix__"] == nil || layer.Width != 2 {
		t.Errorf("the rest's constants are %v; want a matrix of a new name", g.constants)
	}
}

func TestNothingIsSaidOfValuesThatAreGone(t *testing.T) {
	d := newDraft(17).value(graphInput, "x", 3).value(graphOutput, "y", 2).floats("w", 3, 2).floats("b", 1, 2).
		value(graphValueInfo, "p", 2).value(graphValueInfo, "w", 2).value(graphValueInfo, "h", 2).value(graphInput, "w", 2).
		node("MatMul", names("x", "w"), "p").node("Add", names("b", "p"), "h").node("Relu", names("h"), "y")
	_, halves := halve(t, d.bytes())
	g := graphOf(t, halves.Rest)
	for _, name := range []string{"x", "w", "p", "b"} {
		if g.names[name] {
			t.Errorf("the rest still speaks of %q", name)
		}
	}
	if !g.names["h"] {
		t.Error(`the rest has forgotten "h"`)
	}
}

func TestAnAddThatIsNoBiasIsLeftWhereItIs(t *testing.T) {
	product := func() *draft { return plain().node("MatMul", names("x", "w"), "p") }
	for name, d := range map[string]*draft{
		"of itself":          product().node("Add", names("p", "p"), "y"),
		"of another input":   product().value(graphInput, "i", 2).node("Add", names("p", "i"), "y"),
		"of a scalar":        product().floats("b", 1).node("Add", names("p", "b"), "y"),
		"read by others too": product().floats("b", 2).node("Add", names("p", "b"), "y").node("Relu", names("p"), "z"),
		"of an output":       product().floats("b", 2).node("Add", names("p", "b"), "y").value(graphOutput, "p", 2),
		"none":               product().floats("b", 2).node("Sub", names("p", "b"), "y"),
	} {
		layer := only(t, d.bytes())
		if layer.bias != "" || layer.output != "p" {
			t.Errorf("%s: the layer gives %q with the bias %q", name, layer.output, layer.bias)
		}
	}
}

func TestAConstantThatIsMatrixAndBiasGoesOnce(t *testing.T) {
	d := newDraft(17).value(graphInput, "x", 1).floats("w", 1, 2).node("Gemm", names("x", "w", "w"), "y")
	layer, _ := halve(t, d.bytes())
	halves, err := layer.Split([]Group{Kept})
	if err != nil {
		t.Fatal(err)
	}
	if g := graphOf(t, halves.Rest); len(g.constants) != 0 || !g.elements[0].node.is("Identity") {
		t.Errorf("the rest has %d constants; want an Identity alone", len(g.constants))
	}
}

func TestOlderVersionsListConstantsAmongTheInputs(t *testing.T) {
	d := plain().floats("b", 2).node("Gemm", names("x", "w", "b"), "y")
	d.model = protofield.AppendNumber(d.model, modelIRVersion, 3) // the last one counts
	_, halves := halve(t, d.bytes())
	part, rest := graphOf(t, halves.Part), graphOf(t, halves.Rest)
	if part.inputs["matrix"] == nil || part.inputs["bias"] == nil || rest.inputs["row_matrix"] == nil {
		t.Errorf("inputs are %v and %v; want the constants among them", part.inputs, rest.inputs)
	}
}

func TestSplitWantsAWordOnEachColumn(t *testing.T) {
	old := only(t, newDraft(10).value(graphInput, "x", 3).value(graphOutput, "y", 2).floats("w", 2, 3).
		node("Gemm", names("x", "w"), "y", number("transB", 1)).bytes())
	for want, groups := range map[string][]Group{
		"2 columns are told apart; the layer has 3":             {Kept, PerRow},
		"no column of the layer is kept":                        {PerRow, PerRequest, PerRow},
		"the model is too old to have columns once per request": {Kept, PerRequest, PerRow},
	} {
		if _, err := old.Split(groups); err == nil || err.Error() != want {
			t.Errorf("Split(%v) = %v; want %s", groups, err, want)
		}
	}
}

func TestTheHalvesAreMadeInOnePiece(t *testing.T) {
	for file, matrix := range map[string]int{"mid.onnx": 0, "concat.onnx": 0, "bare.onnx": 6 * 4 * 4} { // bytes that the rest keeps
		model, err := os.ReadFile(filepath.Join("../testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		layer, halves := halve(t, model)
		if got, want := cap(halves.Rest), len(model)+matrix+overhead; got != want {
			t.Errorf("%s: the rest has grown to %d bytes; want %d", file, got, want)
		}
		if got, want := cap(halves.Part), 4*2*layer.Width+overhead; got != want {
			t.Errorf("%s: the part has grown to %d bytes; want %d", file, got, want)
		}
	}
}
