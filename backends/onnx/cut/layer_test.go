package cut

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/backends/protofield"
)

func TestAModelThatCannotBeTakenApartIsRefusedWithTheReason(t *testing.T) {
	xw := names("x", "w")
	raw := appendBytes(nil, 9, make([]byte, 24))
	outside := appendBytes(nil, 13, nil)
	int64s := bytes.Replace(newValue("i", typeFloat, nil, known(3)), []byte{8, typeFloat}, []byte{8, 7}, 1)
	sparse := appendBytes(nil, 1, append(dims(6), protofield.AppendText(nil, tensorName, "s")...))
	for name, c := range map[string]struct {
		draft *draft
		want  string
	}{
		"no product":         {plain().node("TreeEnsemble", names("x"), "y"), "no Gemm or MatMul reads the graph's inputs"},
		"another's product":  {plain().raw(graphNode, appendBytes(newNode("", "Gemm", xw, "y"), 7, []byte("mine"))), "no Gemm"},
		"two graphs":         {plain().whole(modelGraph, nil), "it has two graphs"},
		"old operators":      {newDraft(6), "version 6; 7 or newer is needed"},
		"unknown operators":  {&draft{}, "version 0; 7 or newer is needed"},
		"own operators":      {plain().whole(modelFunctions, protofield.AppendText(nil, 1, "Gemm")), "operators of its own"},
		"training":           {plain().whole(modelTrainingInfo, nil), "the model has training information, which"},
		"annotations":        {plain().raw(graphAnnotation, nil), "the graph has quantization annotations, which"},
		"a subgraph":         {plain().node("MatMul", xw, "y").node("If", names("c"), "z", appendBytes(nil, 6, nil)), "a node has a subgraph, which may read any value"},
		"subgraphs":          {plain().node("MatMul", xw, "y").node("Many", names("c"), "z", appendBytes(nil, 11, nil)), "a node has a subgraph, which may read any value"},
		"value twice":        {plain().node("MatMul", xw, "y").node("Relu", names("x"), "y"), `"y" is given twice`},
		"initializer twice":  {plain().floats("w", 3, 2), `"w" is given twice`},
		"input twice":        {plain().value(graphInput, "x", 3), `"x" is given twice`},
		"input given":        {plain().node("Relu", names("y"), "x"), `"x" is given twice`},
		"cut off":            {plain().raw(graphNode, []byte{0x0a, 5}), "is cut off"},
		"cut off dimensions": {withMatrix(appendBytes(nil, 1, []byte{0x80})), "are cut off"},

		"input read twice":    {plain().node("MatMul", xw, "y").node("Relu", names("x"), "z"), `the input "x" is read twice`},
		"input as output":     {plain().value(graphOutput, "x", 3).node("MatMul", xw, "y"), `the input "x" is read twice`},
		"input as bias":       {plain().node("Gemm", names("x", "w", "x"), "y"), `the bias "x" is no constant`},
		"second layer":        {plain().node("Relu", names("x"), "h").node("MatMul", names("h", "w"), "y"), `"h" is no input of the graph`},
		"constant as input":   {plain().node("MatMul", names("w", "w"), "y"), `"w" is no input of the graph`},
		"unknown input":       {plain().node("MatMul", names("u", "w"), "y"), `"u" is no input of the graph`},
		"int64 input":         {plain().raw(graphInput, int64s).node("MatMul", names("i", "w"), "y"), `"i" is no float32 of two dimensions`},
		"input of three":      {plain().raw(graphInput, newValue("i", typeFloat, nil, nil, known(3))).node("MatMul", names("i", "w"), "y"), `"i" is no float32 of two dimensions`},
		"input of no type":    {plain().raw(graphInput, protofield.AppendText(nil, 1, "i")).node("MatMul", names("i", "w"), "y"), `"i" is no float32 of two dimensions`},
		"input too wide":      {plain().value(graphInput, "i", 4).node("MatMul", names("i", "w"), "y"), `"i" is 4 wide; the matrix has 3`},
		"no second factor":    {plain().node("MatMul", names("x"), "y"), "no product of two values"},
		"no output":           {plain().node("MatMul", xw, ""), "no product of two values"},
		"three factors":       {plain().node("MatMul", names("x", "w", "w"), "y"), "too many inputs"},
		"rows as columns":     {plain().node("Gemm", xw, "y", number("transA", 1)), "attribute transA"},
		"undefined transB":    {plain().node("Gemm", xw, "y", number("transB", 2)), "attribute transB"},
		"scaled product":      {plain().node("Gemm", xw, "y", float("alpha", 0.5)), "attribute alpha"},
		"scaled bias":         {plain().node("Gemm", xw, "y", float("beta", 2)), "attribute beta"},
		"unknown attribute":   {plain().node("MatMul", xw, "y", number("other", 1)), "attribute other"},
		"computed matrix":     {plain().node("Relu", names("w"), "m").node("MatMul", names("x", "m"), "y"), `the matrix "m" is no constant`},
		"sparse matrix":       {plain().raw(graphSparseInitializer, sparse).node("MatMul", names("x", "s"), "y"), `the matrix "s" is sparse`},
		"three dimensions":    {plain().floats("m", 1, 3, 2).node("Gemm", names("x", "m"), "y"), `the matrix "m" has 3 dimensions`},
		"no float32":          {withMatrix(dims(3, 2), protofield.AppendNumber(nil, 2, 11), raw), `the matrix "m" is not float32`},
		"huge dimensions":     {withMatrix(dims(1<<31, 1<<31), raw), "its dimensions are [2147483648 2147483648]"},
		"longest dimensions":  {withMatrix(dims(math.MaxInt64, math.MaxInt64), raw), "has 6 elements; its dimensions are [9223372036854775807"},
		"negative dimensions": {withMatrix(dims(3, -2), raw), "its dimensions are [3 -2]"},
		"empty matrix":        {withMatrix(dims(0, 2)), "its dimensions are [0 2]"},
		"missing elements":    {withMatrix(dims(3, 2)), "has 0 elements; its dimensions are [3 2]"},
		"surplus elements":    {withMatrix(dims(2, 2), raw), "has 24 bytes of elements; its dimensions are [2 2]"},
		"half an element":     {withMatrix(dims(3, 2), appendBytes(nil, 9, make([]byte, 25))), "has 25 bytes of elements"},
		"elements twice":      {withMatrix(dims(3, 2), raw, appendBytes(nil, 4, make([]byte, 24))), "holds its elements twice"},
		"segments":            {withMatrix(dims(3, 2), raw, appendBytes(nil, 3, nil)), "does not hold its elements itself"},
		"elements elsewhere":  {plain().raw(graphInitializer, outside).node("MatMul", xw, "y"), "has its elements in another file"},
		"location elsewhere":  {withMatrix(dims(3, 2), protofield.AppendNumber(nil, 14, 1)), `"m" has its elements in another file`},
		"sparse elsewhere":    {plain().raw(graphSparseInitializer, appendBytes(nil, 2, outside)), "has its elements in another file"},
		"attribute elsewhere": {plain().node("Any", xw, "y", appendBytes(protofield.AppendText(nil, 1, "v"), 5, outside)), `attribute "v" has its elements in another file`},
		"bias of three":       {plain().floats("b", 3).node("Gemm", names("x", "w", "b"), "y"), `the bias "b" is [3]; it should be [2]`},
		"bias of rows":        {plain().floats("b", 3, 2).node("Gemm", names("x", "w", "b"), "y"), `the bias "b" is [3 2]; it should be [2]`},
		"scalar bias":         {plain().floats("b").node("Gemm", names("x", "w", "b"), "y"), `the bias "b" is []; it should be [2]`},
		"sides read twice":    {sides(2, 1, number("axis", 1)).node("Relu", names("c"), "z"), `others read "c" too`},
		"side read twice":     {sides(2, 1, number("axis", 1)).node("Relu", names("l"), "z"), `the input "l" is read twice`},
		"rows on rows":        {sides(2, 1, number("axis", 0)), `"c" does not lay columns side by side`},
		"sides too narrow":    {sides(1, 1, number("axis", -1)), `"c" does not have the matrix's 3 columns`},
		"sides too wide":      {sides(2, 3, number("axis", 1)), `"c" does not have the matrix's 3 columns`},
		"side of no width":    {sides(2, 0, number("axis", 1)), `"r" has no width that fits`},
		"huge side":           {sides(math.MaxInt, 1, number("axis", 1)), `"l" has no width that fits`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := describe(Find(c.draft.bytes())); !strings.Contains(got, c.want) {
				t.Errorf("Find = %s; want %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNoModelIsRefused(t *testing.T) {
	for _, b := range []string{"", "no model", "\x3a\x05"} {
		if got := describe(Find([]byte(b))); !strings.Contains(got, "no ONNX model") {
			t.Errorf("Find(%q) = %s; want that it is no model", b, got)
		}
	}
}

func TestAProductThatDoesNotQualifyIsPassedOver(t *testing.T) {
	d := plain().floats("v", 2, 1).
		node("Relu", names("z"), "h").node("MatMul", names("h", "v"), "deep").node("Gemm", names("x", "w", ""), "y")
	if got, want := describe(Find(d.bytes())), "a layer of [x]: 3 columns, 2 wide"; got != want {
		t.Errorf("Find = %s; want %s", got, want)
	}
}

func TestAllLayersAreFoundInTheOrderOfTheGraph(t *testing.T) {
	d := plain().value(graphInput, "few", 2).floats("u", 2, 1).
		node("Gemm", names("few", "u"), "line").node("Relu", names("line"), "h").node("MatMul", names("h", "v"), "deep").
		node("Gemm", names("x", "w"), "y")
	layers, err := Find(d.bytes())
	if got, want := describe(layers, err), "a layer of [few]: 2 columns, 1 wide; a layer of [x]: 3 columns, 2 wide"; got != want {
		t.Fatalf("Find = %s; want %s", got, want)
	}
	for i, l := range layers {
		halves, err := l.Split(append(make([]Group, l.Columns-1), Kept))
		if err != nil {
			t.Fatal(err)
		}
		other := layers[1-i]
		if got, want := describe(Find(halves.Rest)), describe([]*Layer{other}, nil); got != want {
			t.Errorf("the rest without %v has %s; want %s", l.Inputs, got, want)
		}
	}
}

func TestTheReasonIsThatOfTheFirstProduct(t *testing.T) {
	d := plain().node("MatMul", names("p", "w"), "y").node("MatMul", names("q", "w"), "z")
	if got := describe(Find(d.bytes())); !strings.Contains(got, `"p" is no input`) {
		t.Errorf("Find = %s; want the reason of the first", got)
	}
}

func FuzzFind(f *testing.F) {
	files, err := filepath.Glob("../testdata/*.onnx")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		model, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(model) < 4096 { // a fuzzer gets nowhere in the larger ones
			f.Add(model, uint64(5))
		}
	}
	f.Fuzz(func(t *testing.T, model []byte, pattern uint64) {
		layers, err := Find(model)
		if err != nil {
			return
		}
		for _, layer := range layers {
			split(t, layer, pattern)
		}
	})
}

// split takes a layer apart, its columns told apart by the bits of a pattern.
func split(t *testing.T, layer *Layer, pattern uint64) {
	t.Helper()
	groups := make([]Group, layer.Columns)
	for i := range groups {
		groups[i] = Group(pattern >> (2 * i % 64) & 3)
		if groups[i] > Kept || groups[i] == PerRequest && !layer.TakesRequests() {
			groups[i] = PerRow
		}
	}
	groups[0] = Kept
	halves, err := layer.Split(groups)
	if err != nil && strings.Contains(err.Error(), "is not finite") {
		for i, g := range groups {
			if g == PerRequest {
				groups[i] = PerRow
			}
		}
		halves, err = layer.Split(groups)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, half := range [][]byte{halves.Part, halves.Rest} {
		if _, err := readGraph(half); err != nil {
			t.Errorf("half of a model cannot be read: %v", err)
		}
	}
}
