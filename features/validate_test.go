package features

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/model"
)

// checkMistakes changes a registry without mistakes and wants to be told so.
func checkMistakes(t *testing.T, change func(*Registry), want []string) {
	t.Helper()
	reg := oneView("s.csv", slices.Clone(every)...)
	change(reg)
	var got []string
	for _, err := range reg.Validate() {
		got = append(got, err.Error())
	}
	if len(got) != len(want) {
		t.Errorf("Validate() = %q; want %q", got, want)
		return
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("Validate()[%d] = %q; want %q", i, got[i], want[i])
		}
	}
}

func TestValidateNamesEveryMistakeOfTheRegistry(t *testing.T) {
	f := func(change func(*Registry), want ...string) {
		t.Helper()
		checkMistakes(t, change, want)
	}
	f(func(*Registry) {})
	f(func(r *Registry) { r.Entities[0].Type = model.Float32 }, "entities.item.type: an id is a string or an int64, not float32")
	f(func(r *Registry) { r.Entities = append(r.Entities, Entity{Name: "shop", Type: model.String}) }, `entities.shop: a request names a user and items`)
	f(func(r *Registry) { r.Entities = append(r.Entities, r.Entities[0]) }, "entities.item: there are two entities")
	f(func(r *Registry) { r.Entities = r.Entities[1:] }, `views.stats.entities: "item" is not declared`)
	f(func(r *Registry) { r.Views = append(r.Views, r.Views[0]) }, "views.stats: there are two views")
	f(func(r *Registry) {
		r.Context = []Column{{Name: "hour", Type: model.Float32, Default: Default{Kind: Mean}}}
	},
		"context.hour.default: what comes with a request is not loaded")
	f(func(r *Registry) { r.Request = []Column{{Name: "x"}, {Name: "x", Type: model.Bool}} },
		"request.x.type: unknown is not the type", "request.x: there are two columns")
}

func TestValidateNamesEveryMistakeOfAView(t *testing.T) {
	view := func(change func(*View), want ...string) {
		t.Helper()
		checkMistakes(t, func(r *Registry) { change(&r.Views[0]) }, want)
	}
	view(func(v *View) { v.Name = "request" }, `views.request: "request" is what came with the request`)
	view(func(v *View) { v.Name = "a.b" }, "views.a.b: a name must not")
	view(func(v *View) { v.Name = "" }, "views.: a name must not")
	view(func(v *View) { v.Entities = []string{"item", "user"} }, "views.stats.entities: must be [user], [item] or [user, item], not [item, user]")
	view(func(v *View) { v.Entities = nil }, "views.stats.entities: must be")
	view(func(v *View) { v.TTL = -1 }, "views.stats.ttl: -1ns is negative")
	view(func(v *View) { v.TTL, v.MaxStale = 1, -1 }, "views.stats.max_stale: -1ns is negative")
	view(func(v *View) { v.CreatedTime = "c" }, "views.stats.created_time: has no effect without event_time")
	view(func(v *View) { v.Version = -1 }, "views.stats.version: -1 is negative")
	view(func(v *View) { v.Source = "../s.csv" }, `views.stats.source: "../s.csv" must be a path below`)
	view(func(v *View) { v.Source = "s.json" }, `views.stats.source: "s.json" must end in .parquet or .csv`)
	view(func(v *View) { v.Source = "" })
	view(func(v *View) { v.Columns = nil }, "views.stats.columns: missing")
	view(func(v *View) { v.EventTime = "item" }, `views.stats.event_time: the source's column "item" holds`)
	view(func(v *View) { v.Columns[0].Name = "item" }, `views.stats.columns.item: the source's column "item" holds`)
	view(func(v *View) { v.Columns[0].Name = "a b" }, "views.stats.columns.a b: a name must not")
}

func TestValidateNamesEveryMistakeOfAColumn(t *testing.T) {
	column := func(c Column, want ...string) {
		t.Helper()
		c.Name = "c"
		checkMistakes(t, func(r *Registry) { r.Views[0].Columns = []Column{c} }, want)
	}
	column(Column{Type: model.Float16}, "views.stats.columns.c.type: float16 is not the type of a column")
	column(Column{Type: model.Float64, Length: 3}, "views.stats.columns.c.type: a vector is float32[3], not float64[3]")
	column(Column{Type: model.Float32, Length: MaxVector + 1}, "views.stats.columns.c.type: a vector has 1 to 65536 elements")
	column(Column{Type: model.Int64, Vocabulary: []string{}}, "views.stats.columns.c.vocabulary: only a string column")
	column(Column{Type: model.String, Vocabulary: []string{"a", "b", "a"}}, `views.stats.columns.c.vocabulary: entry 3, "a", is there twice`)
	column(Column{Type: model.Bool, Default: Default{Kind: Mean}}, "views.stats.columns.c.default: a bool has no mean")
	column(Column{Type: model.Float32, Length: 2, Default: Default{Kind: MostFrequent}}, "views.stats.columns.c.default: most_frequent is for scalars")
	column(Column{Type: model.Float32, Default: Default{Kind: 9}}, "views.stats.columns.c.default: unknown kind")
	column(Column{Type: model.Float32, Default: Default{String: "x"}}, `views.stats.columns.c.default: "x" is a string and the column is float32`)
	column(Column{Type: model.String, Default: Default{Number: 1}}, "views.stats.columns.c.default: 1 is a number and the column is string")
	column(Column{Type: model.Float32, Default: Default{Vector: []float32{1}}}, "views.stats.columns.c.default: a list of 1 numbers, and the column is float32")
	column(Column{Type: model.Float32, Length: 2, Default: Default{Vector: []float32{1}}}, "views.stats.columns.c.default: a list of 1 numbers, and the column is float32[2]")
	column(Column{Type: model.Float32, Length: 1, Default: Default{Vector: []float32{float32(math.NaN())}}}, "views.stats.columns.c.default: every number must be finite")
	column(Column{Type: model.Float32, Default: Default{Number: 1e300}}, "views.stats.columns.c.default: 1e+300 does not fit a float32")
	column(Column{Type: model.Int64, Default: Default{Number: 0.5}}, "views.stats.columns.c.default: 0.5 does not fit an int64")
	column(Column{Type: model.Int32, Default: Default{Number: 1 << 31}}, "views.stats.columns.c.default: 2.147483648e+09 does not fit an int32")
	column(Column{Type: model.Bool, Default: Default{Number: 2}}, "views.stats.columns.c.default: 2 is not a bool")
	column(Column{Type: model.Float32, Required: true, Default: Default{Number: 2}}, "views.stats.columns.c.default: has no effect: the column is required")
}

func TestAColumnFeedsTheTypesThatHoldItsValues(t *testing.T) {
	columns := append(slices.Clone(every), Column{Name: "word", Type: model.String})
	widths := Widths(oneView("s.csv", columns...))
	types := []model.Type{model.Float32, model.Float64, model.Float16, model.Int64, model.Int32, model.Bool, model.String}
	for column, want := range map[string]string{
		"stats.price":           "float32 float64 float16",
		"stats.ratio":           "float32 float64 float16",
		"stats.vector":          "float32 float64 float16",
		"stats.clicks":          "float32 float64 float16 int64 int32",
		"stats.rank":            "float32 float64 float16 int64 int32",
		"stats.new":             "float32 float64 float16 int64 int32 bool",
		"stats.color":           "float32 float64 float16 int64 int32 string",
		"stats.word":            "string",
		"missing(stats.vector)": "float32 float64 float16 int64 int32 bool",
		"context.hour":          "float32 float64 float16",
		"missing(request.x)":    "float32 float64 float16 int64 int32 bool",
	} {
		ref, ok := model.ParseColumn(column)
		if !ok {
			t.Fatal(column)
		}
		var fed []string
		for _, into := range types {
			n, err := widths(ref, into)
			if err == nil {
				fed = append(fed, into.String())
			}
			if wide := column == "stats.vector"; err == nil && (n == 2) != wide {
				t.Errorf("%s into %s is %d wide", column, into, n)
			}
		}
		if got := strings.Join(fed, " "); got != want {
			t.Errorf("%s feeds %s; want %s", column, got, want)
		}
	}
}

func TestAColumnThatDoesNotFitSaysBothSidesAndWhatToDo(t *testing.T) {
	reg := oneView("s.csv", append(slices.Clone(every), Column{Name: "word", Type: model.String})...)
	reg.Context = []Column{{Name: "city", Type: model.String, Vocabulary: []string{"Bonn"}}}
	widths := Widths(reg)
	for _, test := range []struct {
		column string
		into   model.Type
		want   string
	}{
		{"stat.price", model.Float32, `there is no view "stat", did you mean "stats"; there are context, request, stats`},
		{"stats.prize", model.Float32, `stats has no column "prize", did you mean "price"; it has price, ratio, clicks`},
		{"stats.zzzzzzzzz", model.Float32, `stats has no column "zzzzzzzzz"; it has price`},
		{"stats.word", model.Float32, "stats.word is string and the graph's input is float32; give the column a vocabulary in features.yaml, or the graph a string input"},
		{"stats.color", model.Bool, "stats.color is string and the graph's input is bool; a string with a vocabulary feeds its code"},
		{"stats.vector", model.Int64, "stats.vector is float32[2] and the graph's input is int64; a float feeds a float"},
		{"stats.new", model.String, "stats.new is bool and the graph's input is string; a bool feeds"},
		{"stats.rank", model.Bool, "stats.rank is int32 and the graph's input is bool; an integer feeds"},
		{"context.town", model.String, `context has no column "town"; it has city`},
		{"request.town", model.String, "request.town is float32 and the graph's input is string; a float feeds a float; declare request.town with its type in features.yaml"},
		{"missing(stats.new)", model.String, "missing(stats.new) is a flag and the graph's input is string"},
	} {
		ref, _ := model.ParseColumn(test.column)
		if _, err := widths(ref, test.into); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s into %s: %v; want %s", test.column, test.into, err, test.want)
		}
	}
}
