package features

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Random registries, rows, signatures and requests, and every element that
// Write leaves in the tensors against what the plain assembler of
// reference_test.go says.
func TestWriteGivesWhatAPlainAssemblerGives(t *testing.T) {
	rapid.Check(t, checkAssembly)
}

func drawSignature(t *rapid.T, reg *Registry) *model.Signature {
	widths, sig := Widths(reg), &model.Signature{}
	perRequest := false
	types := []model.Type{model.Float32, model.Float64, model.Float16, model.Int64, model.Int32, model.Bool, model.String}
	for i := range rapid.IntRange(1, 4).Draw(t, "inputs") {
		in := model.Feed{PerRequest: rapid.IntRange(0, 3).Draw(t, "per request") == 0}
		in.Tensor = model.Tensor{Name: fmt.Sprint("in", i), Type: rapid.SampledFrom(types).Draw(t, "into")}
		for _, c := range drawReferences(t, reg, in.PerRequest) {
			n, err := widths(c, in.Type)
			if err != nil {
				continue
			}
			in.Columns = append(in.Columns, c)
			in.Width += n
		}
		if len(in.Columns) > 0 {
			sig.Inputs = append(sig.Inputs, in)
			perRequest = perRequest || in.PerRequest
		}
	}
	if perRequest {
		sig.Inputs = append(sig.Inputs, model.Feed{Tensor: model.Tensor{Name: "row", Type: model.Int64}, Width: 1, RowIndex: true})
	}
	return sig
}

func drawReferences(t *rapid.T, reg *Registry, perRequest bool) []model.Column {
	all := []model.Column{{View: "context", Name: "undeclared"}}
	for _, c := range reg.Context {
		all = append(all, model.Column{View: "context", Name: c.Name})
	}
	for _, c := range reg.Request {
		if !perRequest {
			all = append(all, model.Column{View: "request", Name: c.Name})
		}
	}
	for _, v := range reg.Views {
		for _, c := range v.Columns {
			if !perRequest || len(v.Entities) == 1 && v.Entities[0] == "user" {
				all = append(all, model.Column{View: v.Name, Name: c.Name})
			}
		}
	}
	from := rapid.IntRange(0, len(all)-1).Draw(t, "run")
	out := all[from:min(from+rapid.IntRange(0, 8).Draw(t, "long"), len(all))] // neighbours, to be merged
	for _, c := range rapid.SliceOfN(rapid.SampledFrom(all), 0, 6).Draw(t, "references") {
		c.Missing = rapid.IntRange(0, 3).Draw(t, "flag") == 0
		out = append(slices.Clone(out), c)
	}
	return out
}

func drawRequest(t *rapid.T, w *world) *rank.Request {
	req := &rank.Request{User: rapid.SampledFrom([]string{"1", "2", "3", "9"}).Draw(t, "user")}
	req.Explain = rapid.Bool().Draw(t, "explain")
	req.Context = drawFields(t, req, append(slices.Clone(w.reg.Context), Column{Name: "undeclared", Type: model.Float32}))
	for range rapid.IntRange(0, 12).Draw(t, "items") {
		from := len(req.Fields)
		req.Fields = append(req.Fields, drawFields(t, req, w.reg.Request)...)
		id := rapid.SampledFrom([]string{"1", "2", "3", "-4", "5", "6", "02", "x"}).Draw(t, "item")
		req.Items = append(req.Items, rank.Item{ID: id, From: int32(from), To: int32(len(req.Fields))})
	}
	return req
}

func drawFields(t *rapid.T, req *rank.Request, columns []Column) []rank.Field {
	var fields []rank.Field
	for i := range rapid.IntRange(0, len(columns)).Draw(t, "fields") {
		c := &columns[i]
		if rapid.Bool().Draw(t, "any") {
			c = &columns[rapid.IntRange(0, len(columns)-1).Draw(t, "which")]
		}
		fields = append(fields, rank.Field{Name: c.Name, Value: drawValue(t, req, c)})
	}
	return fields
}

// drawValue mostly draws a value that fits c.
func drawValue(t *rapid.T, req *rank.Request, c *Column) rank.Value {
	kind := rapid.SampledFrom([]rank.Kind{rank.Null, rank.Bool, rank.Int, rank.Float, rank.String, rank.Vector}).Draw(t, "kind")
	if rapid.IntRange(0, 9).Draw(t, "fits") > 0 {
		switch {
		case c.Length > 0:
			kind = rank.Vector
		case c.Type == model.String:
			kind = rank.String
		case c.Type == model.Bool:
			kind = rank.Bool
		default:
			kind = rank.Int
		}
	}
	v := rank.Value{Kind: kind}
	switch kind {
	case rank.Bool:
		v.Int = int64(rapid.IntRange(0, 1).Draw(t, "bit"))
	case rank.Int:
		v.Int = rapid.Int64Range(-1<<33, 1<<33).Draw(t, "int")
		v.Float = float64(v.Int)
	case rank.Float:
		v.Float = rapid.SampledFrom([]float64{0.5, 3, -2, 1e300, 1e12, math.Copysign(0, -1)}).Draw(t, "float")
	case rank.String:
		v.Str = words.Draw(t, "string")
	case rank.Vector:
		v.From = int32(len(req.Floats))
		req.Floats = append(req.Floats, rapid.SliceOfN(rapid.Float32Range(-9, 9), max(c.Length-1, 1), c.Length+1).Draw(t, "vector")...)
		v.To = v.From + int32(max(c.Length, 1))
		v.To = min(v.To, int32(len(req.Floats)))
	}
	return v
}

// lookUp finds the plain value of a reference for one candidate.
func (w *world) lookUp(ref model.Column, req *rank.Request, item int32, now int64) (*Column, plain, rank.Status) {
	c, err := w.reg.column(ref)
	if err != nil {
		panic(err)
	}
	var p plain
	var status rank.Status
	view, column := -1, -1
	switch ref.View {
	case "context":
		p, status = sent(c, req, req.Context)
		p.broken = false // Check is what refuses those
	case "request":
		p, status = sent(c, req, req.Features(item))
	default:
		view, _ = w.reg.view(ref.View)
		v := &w.reg.Views[view]
		column = slices.IndexFunc(v.Columns, func(c Column) bool { return c.Name == ref.Name })
		p, status = w.stored(view, column, req, item, now)
	}
	if p.missing {
		p.value = w.defaultOf(view, c, column)
	}
	return c, p, status
}

func (w *world) stored(view, column int, req *rank.Request, item int32, now int64) (plain, rank.Status) {
	v, ids := &w.reg.Views[view], []string{}
	for _, e := range v.Entities {
		if e == "user" {
			ids = append(ids, req.User)
		} else {
			id := req.Items[item].ID
			if n, err := strconv.Atoi(id); err != nil || fmt.Sprint(n) != id {
				return plain{missing: true, broken: v.Columns[column].Required}, rank.Missing
			}
			ids = append(ids, id)
		}
	}
	c := &v.Columns[column]
	row, ok := w.rows[view][fmt.Sprint(ids)]
	age := time.Duration(now-row.at) * time.Millisecond
	switch {
	case !ok, v.TTL > 0 && age > v.TTL+v.MaxStale:
		return plain{missing: true, broken: c.Required}, rank.Missing
	case row.values[column] == nil:
		return plain{missing: true, broken: c.Required}, rank.NullValue
	case v.TTL > 0 && age > v.TTL:
		return plain{value: normal(c, row.values[column])}, rank.Stale
	default:
		return plain{value: normal(c, row.values[column])}, rank.Present
	}
}

func checkAssembly(t *rapid.T) {
	w := drawWorld(t)
	sig := drawSignature(t, w.reg)
	plan, err := Compile(w.reg, sig)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	var rows Rows
	for range 2 { // the second reuses the memory of the first
		req := drawRequest(t, w)
		var items []int32
		for i := range req.Items {
			if rapid.Bool().Draw(t, "wanted") {
				items = append(items, int32(i))
			}
		}
		plan.Fetch(w.store, req, items, time.UnixMilli(epoch), time.Time{}, &rows)
		want := w.scorable(sig, req, items)
		if !slices.Equal(rows.Items(), want) {
			t.Fatalf("Items() = %v; want %v of %v", rows.Items(), want, items)
		}
		checkWrite(t, w, sig, req, &rows)
		checkExplain(t, w, sig, req, &rows)
	}
}

func (w *world) scorable(sig *model.Signature, req *rank.Request, items []int32) []int32 {
	var out []int32
	for _, item := range items {
		broken := false
		for _, in := range sig.Inputs {
			for _, ref := range in.Columns {
				_, p, _ := w.lookUp(ref, req, item, epoch)
				broken = broken || p.broken
			}
		}
		if !broken {
			out = append(out, item)
		}
	}
	return out
}

func checkWrite(t *rapid.T, w *world, sig *model.Signature, req *rank.Request, rows *Rows) {
	if rows.Len() == 0 {
		return
	}
	const slot, slots, offset = 1, 3, 2
	tensors, before := tensorsFor(sig, rows.Len()+4, slots), tensorsFor(sig, rows.Len()+4, slots)
	from := rapid.IntRange(0, rows.Len()-1).Draw(t, "from")
	to := rapid.IntRange(from+1, rows.Len()).Draw(t, "to")
	rows.Write(tensors, from, to, offset, slot)
	for i := range sig.Inputs {
		in, b := &sig.Inputs[i], &tensors.Inputs[i]
		for r := range rows.Len() + 4 {
			item, mine := int32(-1), r >= offset && r < offset+to-from
			if mine {
				item = rows.Items()[from+r-offset]
			}
			if in.PerRequest {
				if r >= slots {
					break
				}
				item, mine = rows.Items()[0], r == slot
			}
			for e := range in.Width {
				want := at(&before.Inputs[i], in.Type, 0)
				if mine && in.RowIndex {
					want = int64(slot)
				} else if mine {
					want = w.element(in, req, item, e)
				}
				if got := at(b, in.Type, r*in.Width+e); got != want {
					t.Fatalf("input %s %v, row %d, element %d: %v; want %v", in.Name, in.Columns, r, e, got, want)
				}
			}
		}
	}
}

// element is element e of a candidate's row of an input.
func (w *world) element(in *model.Feed, req *rank.Request, item int32, e int) any {
	for _, ref := range in.Columns {
		c, p, _ := w.lookUp(ref, req, item, epoch)
		n := max(c.Length, 1)
		if ref.Missing {
			n = 1
		}
		if e < n {
			return element(c, p, e, ref.Missing, in.Type)
		}
		e -= n
	}
	panic("BUG: the columns are narrower than the input")
}

func checkExplain(t *rapid.T, w *world, sig *model.Signature, req *rank.Request, rows *Rows) {
	for i := range req.Items {
		features := rows.ExplainItem(int32(i))
		if !req.Explain {
			if features != nil {
				t.Fatalf("ExplainItem(%d) = %v without explain", i, features)
			}
			continue
		}
		got := map[string]rank.Feature{}
		for _, f := range features {
			got[f.Name] = f
		}
		for _, in := range sig.Inputs {
			for _, ref := range in.Columns {
				_, p, status := w.lookUp(ref, req, int32(i), epoch)
				want := rank.Feature{Name: ref.String(), Value: p.value, Status: status}
				if ref.Missing {
					want.Value, want.Status = p.missing, rank.Present
				}
				if !reflect.DeepEqual(got[ref.String()], want) {
					t.Fatalf("candidate %d: %+v; want %+v", i, got[ref.String()], want)
				}
			}
		}
	}
}
