package features

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// planFor compiles a model with one input per column, each of the first type
// that the column feeds.
func planFor(tb testing.TB, reg *Registry, columns ...string) (*Plan, *model.Signature) {
	tb.Helper()
	widths, sig := Widths(reg), &model.Signature{}
	for i, name := range columns {
		ref, ok := model.ParseColumn(name)
		if !ok {
			tb.Fatalf("%q is not a column", name)
		}
		for _, into := range []model.Type{model.Float32, model.String} {
			if n, err := widths(ref, into); err == nil {
				in := model.Feed{Tensor: model.Tensor{Name: fmt.Sprint("in", i), Type: into}, Columns: []model.Column{ref}, Width: n}
				sig.Inputs = append(sig.Inputs, in)
				break
			}
		}
	}
	plan, err := Compile(reg, sig)
	if err != nil {
		tb.Fatal(err)
	}
	return plan, sig
}

func float(name string, v float64) rank.Field {
	return rank.Field{Name: name, Value: rank.Value{Kind: rank.Float, Float: v}}
}

func whole(name string, v int64) rank.Field {
	return rank.Field{Name: name, Value: rank.Value{Kind: rank.Int, Int: v, Float: float64(v)}}
}

func word(name, v string) rank.Field {
	return rank.Field{Name: name, Value: rank.Value{Kind: rank.String, Str: v}}
}

func list(name string, from, to int32) rank.Field {
	return rank.Field{Name: name, Value: rank.Value{Kind: rank.Vector, From: from, To: to}}
}

func truth(name string, v int64) rank.Field {
	return rank.Field{Name: name, Value: rank.Value{Kind: rank.Bool, Int: v}}
}

func null(name string) rank.Field { return rank.Field{Name: name} }

func TestAContextThatCannotFeedTheModelIsRefused(t *testing.T) {
	reg := oneView("s.csv", every...)
	reg.Context = []Column{
		{Name: "city", Type: model.String},
		{Name: "count", Type: model.Int32},
		{Name: "day", Type: model.Int64},
		{Name: "hour", Type: model.Float32},
		{Name: "ios", Type: model.Bool},
		{Name: "must", Type: model.Float64, Required: true},
		{Name: "vector", Type: model.Float32, Length: 2},
	}
	plan, _ := planFor(t, reg, "context.hour", "context.city", "context.count", "context.day", "context.ios", "context.must", "context.vector")
	f := func(want string, fields ...rank.Field) {
		t.Helper()
		req := &rank.Request{Context: append([]rank.Field{whole("must", 1)}, fields...), Floats: []float32{1, 2, 3}}
		err := plan.Check(req)
		if want == "" {
			if err != nil {
				t.Errorf("%+v: %v", fields, err)
			}
			return
		}
		var failure *rank.Error
		if !errors.As(err, &failure) || failure.Code != rank.InvalidRequest || failure.Message != want {
			t.Errorf("%+v: %v; want %s", fields, err, want)
		}
	}
	f("")
	f("", float("hour", 13.5), word("city", "Bonn"), whole("count", 3), float("day", 4), truth("ios", 1), list("vector", 1, 3))
	f("", null("hour"), null("city"), whole("hour", 1<<60), word("unread", "x"))
	f("", word("hour", "x"), whole("hour", 1)) // the later counts
	f("context.hour: a string was sent, but the model reads float32", word("hour", "13"))
	f("context.hour: a bool was sent, but the model reads float32", truth("hour", 1))
	f("context.hour: a list of numbers was sent, but the model reads float32", list("hour", 0, 1))
	f("context.hour: 1e+300 is not finite, and the model reads float32", float("hour", 1e300))
	f("context.city: an integer was sent, but the model reads string", whole("city", 53111))
	f("context.count: 2147483648 is out of range, and the model reads int32", whole("count", 1<<31))
	f("context.count: 2.5 is not a whole number, and the model reads int32", float("count", 2.5))
	f("context.day: 1e+19 is out of range, and the model reads int64", float("day", 1e19))
	f("context.ios: an integer was sent, but the model reads bool", whole("ios", 1))
	f("context.vector: 3 numbers were sent, but the model reads float32[2]", list("vector", 0, 3))
	f("context.vector: a number was sent, but the model reads float32[2]", float("vector", 1))
	f("context.must: missing; the model does not score without this float64", null("must"))

	plan, _ = planFor(t, reg, "stats.price")
	if err := plan.Check(&rank.Request{Context: []rank.Field{word("hour", "x")}}); err != nil {
		t.Errorf("a model that reads no context: %v", err)
	}
}

func TestADigestTellsApartWhatTheModelReadsAndNothingElse(t *testing.T) {
	reg := oneView("s.csv", every...)
	plan, _ := planFor(t, reg, "context.a", "context.b", "context.v", "request.a", "request.b", "request.v")
	floats := []float32{1, 2, 1, 2, 3}
	same := func(a, b []rank.Field, want bool) {
		t.Helper()
		x, y := &rank.Request{Context: a, Floats: floats}, &rank.Request{Context: b, Floats: floats}
		if got := plan.ContextDigest(x) == plan.ContextDigest(y); got != want {
			t.Errorf("ContextDigest is the same for %+v and %+v: %t; want %t", a, b, got, want)
		}
		for i, fields := range [][]rank.Field{a, b} {
			req := []*rank.Request{x, y}[i]
			req.Fields = append([]rank.Field{float("a", 77)}, fields...)
			req.Items = []rank.Item{{From: 0, To: 1}, {From: 1, To: int32(len(req.Fields))}}
		}
		if got := plan.ItemDigest(x, 1) == plan.ItemDigest(y, 1); got != want {
			t.Errorf("ItemDigest is the same for %+v and %+v: %t; want %t", a, b, got, want)
		}
	}
	type fs = []rank.Field
	same(fs{float("a", 1), float("b", 2)}, fs{float("b", 2), float("a", 1)}, true)
	same(fs{float("a", 1), word("other", "x")}, fs{float("a", 1)}, true)
	same(fs{null("a")}, fs{}, true)
	same(fs{float("a", 9), float("a", 1)}, fs{float("a", 1)}, true)
	same(fs{list("v", 0, 2)}, fs{list("v", 2, 4)}, true)
	same(fs{float("a", 1)}, fs{float("b", 1)}, false)
	same(fs{float("a", 1)}, fs{float("a", 2)}, false)
	same(fs{float("a", 1)}, fs{whole("a", 1)}, false)
	same(fs{float("a", 1)}, fs{truth("a", 1)}, false)
	same(fs{word("a", "1")}, fs{whole("a", 1)}, false)
	same(fs{word("a", "")}, fs{}, false)
	same(fs{float("a", 0)}, fs{}, false)
	same(fs{truth("a", 0)}, fs{truth("a", 1)}, false)
	same(fs{list("v", 0, 2)}, fs{list("v", 2, 5)}, false)
	same(fs{list("v", 0, 1)}, fs{list("v", 1, 2)}, false)
	same(fs{list("v", 0, 0)}, fs{}, false)

	plan, _ = planFor(t, reg, "stats.price")
	if c, i := plan.ContextDigest(&rank.Request{Context: fs{float("a", 1)}}), plan.ItemDigest(&rank.Request{}, 0); c != 0 || i != 0 || plan.ReadsItemFields() {
		t.Errorf("a model that reads neither has digests %d and %d", c, i)
	}
}

func TestADigestCoversEveryOneOfManyFields(t *testing.T) {
	const many = 200 // several windows and blocks
	var columns []string
	for i := range many {
		columns = append(columns, fmt.Sprint("context.f", i))
	}
	plan, _ := planFor(t, oneView("s.csv", every...), columns...)
	rapid.Check(t, func(t *rapid.T) {
		req := &rank.Request{}
		for i := range many {
			req.Context = append(req.Context, whole(fmt.Sprint("f", i), rapid.Int64().Draw(t, "value")))
		}
		digest := plan.ContextDigest(req)
		moved := &rank.Request{Context: rapid.Permutation(req.Context).Draw(t, "order")}
		if plan.ContextDigest(moved) != digest {
			t.Fatal("the order of the fields changes the digest")
		}
		i := rapid.IntRange(0, many-1).Draw(t, "changed")
		changed := &rank.Request{Context: slices.Clone(req.Context)}
		changed.Context[i].Value.Int++
		if plan.ContextDigest(changed) == digest {
			t.Fatalf("a change of field %d of %d leaves the digest as it is", i, many)
		}
	})
}

func TestAnExplanationCutsLongStrings(t *testing.T) {
	reg := oneView("s.csv", every...)
	reg.Context = []Column{{Name: "city", Type: model.String}}
	plan, _ := planFor(t, reg, "context.city")
	req := &rank.Request{
		User: "u", Items: []rank.Item{{ID: "a"}, {ID: "b"}}, Explain: true,
		Context: []rank.Field{word("city", strings.Repeat("ä", 1000))},
	}
	var rows Rows
	plan.Fetch(NewMemory(reg), req, []int32{0, 1}, time.Now(), time.Time{}, &rows)
	for item := range int32(2) {
		got := rows.ExplainItem(item)[0].Value.(string)
		if len(got) > 260 || !strings.HasSuffix(got, "ä…") {
			t.Errorf("a string of 2000 bytes is shown as one of %d", len(got))
		}
	}
}
