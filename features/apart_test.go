package features

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// layer is a signature, and the same taken apart: the columns of some of its float32
// inputs are those of one view of items, which are kept, and the rest.
type layer struct {
	whole, apart *model.Signature
	columns      []layerColumn
	others       []int // inputs of whole that are those of apart, in that order
	kept, rest   int   // elements
}

// layerColumn is one column of the layer: its first element in the whole signature and
// in the one apart.
type layerColumn struct {
	input, from, width, to int
	kept                   bool
}

// takeApart takes the given inputs of a signature apart.
func takeApart(reg *Registry, whole *model.Signature, inputs []int, view string) *layer {
	l := &layer{whole: whole, apart: &model.Signature{}}
	rest := model.Feed{Tensor: model.Tensor{Name: "rest", Type: model.Float32}}
	part := model.Feed{Tensor: model.Tensor{Name: "part", Type: model.Float32}}
	for i, in := range whole.Inputs {
		if !slices.Contains(inputs, i) {
			l.others = append(l.others, i)
			l.apart.Inputs = append(l.apart.Inputs, in)
			continue
		}
		from := 0
		for _, ref := range in.Columns {
			n, err := Widths(reg)(ref, in.Type)
			if err != nil {
				panic(err)
			}
			c := layerColumn{input: i, from: from, width: n, kept: ref.View == view, to: l.rest}
			from += n
			if c.kept {
				c.to = l.kept
				l.kept += n
				part.Columns = append(part.Columns, ref)
			} else {
				l.rest += n
				rest.Columns = append(rest.Columns, ref)
			}
			l.columns = append(l.columns, c)
		}
	}
	if rest.Width = l.rest; l.rest > 0 {
		l.apart.Inputs = append(l.apart.Inputs, rest)
	}
	part.Width, part.Elements = l.kept, l.kept
	l.apart.Inputs = append(l.apart.Inputs, part)
	return l
}

// tensors allocates the inputs of a pass of the layer apart. What a row contributes is
// taken to be its columns as they are, so that a test can see them.
func (l *layer) tensors(kept *model.Parts, rows, requests int) (*model.Tensors, *model.Part) {
	t := tensorsFor(l.apart, rows, requests)
	t.Apart = true
	last := &t.Inputs[len(t.Inputs)-1]
	columns := model.Buffer{Width: l.kept, Float32: make([]float32, rows*l.kept)}
	last.Part = model.NewPart(kept, last.Float32, columns, rows)
	return t, last.Part
}

// run does what a pass does with the part, and returns how many rows were computed.
func run(part *model.Part, rows int) int {
	n := part.Gather(rows)
	part.Scatter(part.Columns.Float32)
	part.Forget()
	return n
}

func TestAPlanTakenApartWritesWhatTheWholePlanWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		sig := drawSignature(t, w.reg)
		view := w.addLayer(t, sig)
		if view == "" {
			return // nothing is about items
		}
		var inputs []int
		for i, in := range sig.Inputs {
			if in.Type == model.Float32 && !in.PerRequest && (in.Name == "layer" || rapid.Bool().Draw(t, "of the layer")) {
				inputs = append(inputs, i)
			}
		}
		l := takeApart(w.reg, sig, inputs, view)
		plan, err := CompileApart(w.reg, l.whole, l.apart)
		if err != nil {
			t.Fatalf("CompileApart: %v", err)
		}
		// Of few places most are taken again before the row is asked for.
		kept := model.NewParts(l.kept, make([]float32, l.kept*rapid.SampledFrom([]int{0, 8, 1000}).Draw(t, "places")))
		for range 3 {
			checkApart(t, w, l, plan, kept)
		}
	})
}

// addLayer adds an input to sig that reads columns of a view of items, which it returns,
// among others; "" if there is no such view.
func (w *world) addLayer(t *rapid.T, sig *model.Signature) string {
	var views []int
	for i, v := range w.reg.Views {
		if keyOf(v.Entities) == itemKey {
			views = append(views, i)
		}
	}
	if len(views) == 0 {
		return ""
	}
	v := w.reg.Views[rapid.SampledFrom(views).Draw(t, "kept view")]
	refs := drawReferences(t, w.reg, false)
	for range rapid.IntRange(1, 6).Draw(t, "of the kept view") {
		c := model.Column{View: v.Name, Name: rapid.SampledFrom(v.Columns).Draw(t, "kept").Name}
		c.Missing = rapid.IntRange(0, 3).Draw(t, "flag") == 0
		refs = append(slices.Clone(refs), c)
	}
	refs = append(rapid.Permutation(refs).Draw(t, "order"), model.Column{View: v.Name, Name: v.Columns[0].Name, Missing: true})
	in := model.Feed{Tensor: model.Tensor{Name: "layer", Type: model.Float32}}
	for _, ref := range refs {
		if n, err := Widths(w.reg)(ref, in.Type); err == nil {
			in.Columns = append(in.Columns, ref)
			in.Width += n
		}
	}
	sig.Inputs = append(sig.Inputs, in)
	return v.Name
}

// checkApart writes two requests into one pass of the whole plan and one of the plan
// apart.
func checkApart(t *rapid.T, w *world, l *layer, plan *Plan, kept *model.Parts) {
	const most = 2 * 12
	whole := tensorsFor(l.whole, most, 2)
	apart, part := l.tensors(kept, most, 2)
	at := 0
	for request := range 2 {
		req := drawRequest(t, w)
		items := make([]int32, len(req.Items))
		for i := range items {
			items[i] = int32(i)
		}
		var rows Rows
		plan.Fetch(w.store, req, items, time.UnixMilli(epoch), time.Time{}, &rows)
		half := rapid.IntRange(0, rows.Len()).Draw(t, "half") // a request may be written in pieces
		for _, piece := range [][2]int{{half, rows.Len()}, {0, half}} {
			rows.Write(whole, piece[0], piece[1], at+piece[0], request)
			rows.Write(apart, piece[0], piece[1], at+piece[0], request)
		}
		at += rows.Len()
	}
	lacking := checkColumns(t, l, whole, part, at)
	if n := run(part, at); n != lacking {
		t.Fatalf("%d rows were computed; %d were lacking", n, lacking)
	}
	l.check(t, whole, apart, at)
}

// checkColumns checks the columns of the rows that are lacking.
func checkColumns(t *rapid.T, l *layer, whole *model.Tensors, part *model.Part, rows int) (lacking int) {
	for r := range rows {
		if !part.Lacks(r) {
			continue
		}
		lacking++
		for _, c := range l.columns {
			if c.kept {
				l.same(t, r, c, whole, part.Columns.Float32)
			}
		}
	}
	return lacking
}

// check holds every input of the pass apart against the whole one's.
func (l *layer) check(t *rapid.T, whole, apart *model.Tensors, rows int) {
	for to, from := range l.others {
		into := l.whole.Inputs[from].Type
		a, b := &whole.Inputs[from], &apart.Inputs[to]
		for e := range rows * a.Width {
			if l.whole.Inputs[from].PerRequest && e >= 2*a.Width {
				break
			}
			if want, got := at(a, into, e), at(b, into, e); want != got {
				t.Fatalf("input %s, element %d: %v; want %v", l.whole.Inputs[from].Name, e, got, want)
			}
		}
	}
	last := len(apart.Inputs) - 1
	for r := range rows {
		for _, c := range l.columns {
			values := apart.Inputs[last].Float32
			if !c.kept {
				values = apart.Inputs[last-1].Float32
			}
			l.same(t, r, c, whole, values)
		}
	}
}

// same holds one column of a row against the whole pass's.
func (l *layer) same(t *rapid.T, row int, c layerColumn, whole *model.Tensors, values []float32) {
	width := l.rest
	if c.kept {
		width = l.kept
	}
	in := &whole.Inputs[c.input]
	want := in.Float32[row*in.Width+c.from:][:c.width]
	if got := values[row*width+c.to:][:c.width]; !slices.Equal(got, want) {
		t.Fatalf("row %d, kept %v, columns from %d of input %d: %v; want %v", row, c.kept, c.from, c.input, got, want)
	}
}

// counted is a store of ten items whose only column has one value, by load, and the plan
// of a model that keeps it.
type counted struct {
	reg   *Registry
	store *Memory
	layer *layer
	plan  *Plan
	kept  *model.Parts
}

func newCounted(t *testing.T) *counted {
	t.Helper()
	c := &counted{reg: &Registry{
		Entities: []Entity{{Name: "item", Type: model.Int64}},
		Views:    []View{{Name: "items", Entities: []string{"item"}, Columns: []Column{{Name: "n", Type: model.Float32}}}},
	}}
	c.store = NewMemory(c.reg)
	column := model.Column{View: "items", Name: "n"}
	in := model.Feed{Tensor: model.Tensor{Name: "dense", Type: model.Float32}, Width: 1, Columns: []model.Column{column}}
	c.layer = takeApart(c.reg, &model.Signature{Inputs: []model.Feed{in}}, []int{0}, "items")
	c.kept = model.NewParts(1, make([]float32, 1000))
	var err error
	if c.plan, err = CompileApart(c.reg, c.layer.whole, c.layer.apart); err != nil {
		t.Fatal(err)
	}
	return c
}

const countedItems = 10

func (c *counted) load(t *testing.T, n float32) {
	t.Helper()
	b := NewBuilder(c.reg)
	for i := range countedItems {
		if err := b.Add("items", []string{fmt.Sprint(i)}, n); err != nil {
			t.Fatal(err)
		}
	}
	c.store.Swap(b)
}

func (c *counted) fetch(rows *Rows) {
	req, items := &rank.Request{}, []int32{}
	for i := range countedItems + 1 { // there is no row of the last
		req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(i)})
		items = append(items, int32(i))
	}
	c.plan.Fetch(c.store, req, items, time.UnixMilli(epoch), time.Time{}, rows)
}

// pass scores rows, and returns what they contribute and how many were computed.
func (c *counted) pass(rows *Rows) (values []float32, computed int) {
	tensors, part := c.layer.tensors(c.kept, rows.Len(), 1)
	rows.Write(tensors, 0, rows.Len(), 0, 0)
	computed = run(part, rows.Len())
	return tensors.Inputs[len(tensors.Inputs)-1].Float32, computed
}

// expect is what a pass over items of the given load contributes.
func (c *counted) expect(t *testing.T, rows *Rows, n float32, computed int) {
	t.Helper()
	want := append(slices.Repeat([]float32{n}, countedItems), 0)
	if values, got := c.pass(rows); !slices.Equal(values, want) || got != computed {
		t.Errorf("%v, of which %d were computed; want %v, and %d", values, got, want, computed)
	}
}

func TestEditionsOfTheEmbeddedStoreBeginAtOneAndGrowWithEachLoad(t *testing.T) {
	c := newCounted(t)
	for want := range uint64(4) {
		q := &Query{Request: &rank.Request{}, Lookups: []Lookup{{View: 0}}}
		c.store.Fetch(q, time.Time{})
		if got := q.Lookups[0].Edition; got != want+1 {
			t.Errorf("after %d loads, edition %d; want %d", want, got, want+1)
		}
		c.load(t, 1)
	}
}

func TestPartsOfAnOldLoadAreNotUsedForANewOne(t *testing.T) {
	c := newCounted(t)
	var rows, late Rows
	c.load(t, 1)
	c.fetch(&rows)
	c.expect(t, &rows, 1, countedItems+1)
	c.expect(t, &rows, 1, 0)
	c.fetch(&late)
	c.load(t, 2)
	c.expect(t, &late, 1, 0) // still the edition at hand
	c.fetch(&rows)
	c.expect(t, &rows, 2, countedItems+1)
	c.expect(t, &late, 1, countedItems+1)
	c.expect(t, &late, 1, countedItems+1) // and kept nowhere
	c.expect(t, &rows, 2, 0)
}

func TestRowsOfAnOldLoadAreFreedWhileItsLastRequestsEnd(t *testing.T) {
	c := newCounted(t)
	rows, late := &Rows{}, &Rows{}
	c.load(t, 1)
	c.fetch(rows)
	c.fetch(late)
	c.expect(t, rows, 1, countedItems+1)
	old := weak.Make(c.store.current.Load().tables[0].byOwner[1])
	c.load(t, 2)
	rows = &Rows{}
	c.fetch(rows)
	c.expect(t, rows, 2, countedItems+1)
	if runtime.GC(); old.Value() == nil {
		t.Fatal("a row is gone that a request still has")
	}
	c.expect(t, late, 1, countedItems+1)
	if runtime.GC(); old.Value() != nil {
		t.Error("a row of the old load is still held")
	}
	runtime.KeepAlive(c)
}
