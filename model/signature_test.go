package model

import (
	"errors"
	"strings"
	"testing"
)

var towers = Graph{
	Inputs: []Tensor{
		{Name: "user", Type: Float32, Dims: []int64{-1, 3}},
		{Name: "row", Type: Int64, Dims: []int64{-1}},
		{Name: "item", Type: Float32, Dims: []int64{-1, 2}},
	},
	Outputs: []Tensor{
		{Name: "p", Type: Float32, Dims: []int64{-1, 2}},
		{Name: "label", Type: Int64, Dims: []int64{-1}},
	},
}

func cols(refs ...string) []Column {
	out := make([]Column, len(refs))
	for i, ref := range refs {
		out[i], _ = ParseColumn(ref)
	}
	return out
}

// goodSpec is a Spec that agrees with towers.
func goodSpec() *Spec {
	return &Spec{
		Inputs: []Input{
			{Name: "item", Columns: cols("item_stats.price", "missing(item_stats.price)")},
			{Name: "user", Columns: cols("user_stats.vector"), PerRequest: true, RowIndex: "row"},
		},
		Score: []Head{{Output: "p", Column: 1, Weight: 1}},
	}
}

func widths(c Column, _ Type) (int, error) {
	switch c.Name {
	case "vector":
		return 3, nil
	case "absent":
		return 0, errors.New("view item_stats has no column absent")
	default:
		return 1, nil
	}
}

func TestASpecThatAgreesWithItsGraphResolves(t *testing.T) {
	sig, mistakes := Resolve(goodSpec(), towers, widths)
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	var feeds []string
	for _, in := range sig.Inputs {
		feeds = append(feeds, in.Name)
	}
	if got := strings.Join(feeds, " "); got != "item user row" {
		t.Errorf("feeds %s; want item user row", got)
	}
	if in := sig.Inputs[1]; in.Width != 3 || !in.PerRequest {
		t.Errorf("user is %d wide, per request %v", in.Width, in.PerRequest)
	}
	if in := sig.Inputs[2]; !in.RowIndex {
		t.Error("row is no row index")
	}
}

func TestADisagreementNamesBothSides(t *testing.T) {
	f := func(want string, change func(*Spec)) {
		t.Helper()
		spec := goodSpec()
		change(spec)
		_, mistakes := Resolve(spec, towers, widths)
		var all []string
		for _, m := range mistakes {
			all = append(all, m.Error())
		}
		if got := strings.Join(all, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	f("inputs.items: the graph has no such input; it has user float32[?, 3]; row int64[?]; item float32[?, 2]\n"+
		"inputs: the graph's input item float32[?, 2] is not fed; add inputs.item with its columns",
		func(s *Spec) { s.Inputs[0].Name = "items" })
	f("inputs.item: the columns are 1 wide in all, but the graph's input is item float32[?, 2]",
		func(s *Spec) { s.Inputs[0].Columns = cols("item_stats.price") })
	f("inputs.item.columns[1]: view item_stats has no column absent",
		func(s *Spec) { s.Inputs[0].Columns = cols("item_stats.price", "item_stats.absent") })
	f("inputs.user: request.vector is sent per candidate, but the input is per: request",
		func(s *Spec) { s.Inputs[1].Columns = cols("request.vector") })
	f("inputs.user.row_index: missing: an input per: request needs the name of the graph's int64 [rows] input that says which request a row belongs to\n"+
		"inputs: the graph's input row int64[?] is not fed; add inputs.row with its columns",
		func(s *Spec) { s.Inputs[1].RowIndex = "" })
	f("inputs.user.row_index: the graph's input is item float32[?, 2]; a row index must be int64[?]\n"+
		"inputs: the graph's input row int64[?] is not fed; add inputs.row with its columns",
		func(s *Spec) { s.Inputs[1].RowIndex = "item" })
	f("score: missing: name the graph output that is the score; it has p float32[?, 2]; label int64[?]",
		func(s *Spec) { s.Score = nil })
	f("score.q: the graph has no such output; it has p float32[?, 2]; label int64[?]",
		func(s *Spec) { s.Score[0].Output = "q" })
	f("score.label: the graph's output is label int64[?]; a score must be float16, float32 or float64",
		func(s *Spec) { s.Score[0] = Head{Output: "label"} })
	f("score.p: the graph's output is p float32[?, 2]; say which of its columns is the score: {p: {column: 1}}",
		func(s *Spec) { s.Score[0].Column = -1 })
	f("score.p.column: 2 is outside the graph's output p float32[?, 2]",
		func(s *Spec) { s.Score[0].Column = 2 })
}

func TestAGraphForOneNumberOfRowsIsRefused(t *testing.T) {
	graph := Graph{
		Inputs:  []Tensor{{Name: "x", Type: Float32, Dims: []int64{1, 1}}},
		Outputs: []Tensor{{Name: "y", Type: Float32, Dims: []int64{1}}},
	}
	spec := &Spec{Inputs: []Input{{Name: "x", Columns: cols("a.b")}}, Score: []Head{{Output: "y", Column: -1, Weight: 1}}}
	_, mistakes := Resolve(spec, graph, widths)
	if len(mistakes) != 2 || !strings.Contains(mistakes[0].Message, "x float32[1, 1]; its first dimension, the rows, must be free") ||
		!strings.Contains(mistakes[1].Message, "y float32[1]; its first dimension, the rows, must be free") {
		t.Errorf("mistakes %v; want the fixed input and the fixed output", mistakes)
	}
}

func TestColumnReferences(t *testing.T) {
	f := func(ref string, want Column, ok bool) {
		t.Helper()
		got, gotOK := ParseColumn(ref)
		if gotOK != ok || ok && (got != want || got.String() != ref) {
			t.Errorf("ParseColumn(%q) = %+v (%s), %v; want %+v, %v", ref, got, got, gotOK, want, ok)
		}
	}
	f("user_stats.age", Column{View: "user_stats", Name: "age"}, true)
	f("missing(user_stats.age)", Column{View: "user_stats", Name: "age", Missing: true}, true)
	for _, bad := range []string{"", ".", "age", "a.", ".b", "a.b.c", "missing(a.b", "a.b)", "missing(missing(a.b))", "a. b"} {
		f(bad, Column{}, false)
	}
}
