package features

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
)

// learnt has a column of every kind, with every kind of default.
var learnt = []Column{
	{Name: "price", Type: model.Float32, Default: Default{Kind: Mean}},
	{Name: "clicks", Type: model.Int64, Default: Default{Kind: Mean}},
	{Name: "small", Type: model.Int32, Default: Default{Kind: Mean}},
	{Name: "vector", Type: model.Float32, Length: 2, Default: Default{Kind: Mean}},
	{Name: "ratio", Type: model.Float64, Default: Default{Kind: MostFrequent}},
	{Name: "kind", Type: model.Int64, Default: Default{Kind: MostFrequent}},
	{Name: "new", Type: model.Bool, Default: Default{Kind: MostFrequent}},
	{Name: "color", Type: model.String, Vocabulary: []string{"red", "blue"}, Default: Default{Kind: MostFrequent}},
	{Name: "rank", Type: model.Int32, Default: Default{Number: 7}},
}

func drawLearnt(t *rapid.T) [][]any {
	rows := make([][]any, rapid.IntRange(0, 30).Draw(t, "rows"))
	for i := range rows {
		number := func(name string) float32 { return rapid.Float32Range(-1e30, 1e30).Draw(t, name) }
		row := []any{
			number("price"), rapid.Int64().Draw(t, "clicks"), rapid.Int32().Draw(t, "small"),
			[]float32{number("x"), number("y")},
			rapid.SampledFrom([]float32{0.1, 1e30, -3, 16777216}).Draw(t, "ratio"),
			rapid.SampledFrom([]int64{1<<63 - 1, -5, 1<<53 + 1}).Draw(t, "kind"),
			rapid.Bool().Draw(t, "new"), rapid.SampledFrom([]string{"red", "blue", "<green>", ""}).Draw(t, "color"), 3,
		}
		for c := range row {
			if rapid.IntRange(0, 3).Draw(t, "null") == 0 {
				row[c] = nil
			}
		}
		rows[i] = row
	}
	return rows
}

// Random tables: what a baseline file says against the defaults of the embedded
// store that holds the same rows.
func TestABaselineStandsForWhatTheEmbeddedStoreLearns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "baseline.json")
	reg := oneView("", learnt...)
	view := &reg.Views[0]
	layout := LayoutOf(view.Columns)
	rapid.Check(t, func(t *rapid.T) {
		b, batch := NewBuilder(reg), NewBuilder(reg)
		learning := NewLearning(view)
		for i, row := range drawLearnt(t) {
			for _, into := range []*Builder{b, batch} {
				if err := into.Add("stats", []string{decimal(i)}, row...); err != nil {
					t.Fatal(err)
				}
			}
			if rapid.Bool().Draw(t, "flush") {
				learning.Add(batch.tables[0].records())
				batch.tables[0].reset()
			}
		}
		learning.Add(batch.tables[0].records())
		written := &Baseline{Views: map[string]ViewBaseline{"stats": learning.Baseline()}}
		if err := WriteBaseline(path, written); err != nil {
			t.Fatal(err)
		}
		read, err := ReadBaseline(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, written) {
			t.Fatalf("read %+v\nwritten %+v", read, written)
		}
		got, err := read.Missing(view, layout)
		if want := b.snapshot().tables[0].missing; err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Missing = %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestAMissingRowIsRefusedWhereItsDefaultWasNotLearnt(t *testing.T) {
	column := func(c Column) (*View, *Layout) {
		reg := oneView("", c)
		return &reg.Views[0], LayoutOf(reg.Views[0].Columns)
	}
	view, layout := column(learnt[0])
	if _, err := (*Baseline)(nil).Missing(view, layout); err == nil || !strings.HasPrefix(err.Error(),
		"views.stats.columns.price.default: mean: the baseline does not have it") {
		t.Errorf("no baseline: %v", err)
	}
	view, layout = column(Column{Name: "rank", Type: model.Int32, Default: Default{Number: 7}})
	if row, err := (*Baseline)(nil).Missing(view, layout); err != nil || row.Ints[0] != 7 || !row.Null(0) {
		t.Errorf("a constant without a baseline: %+v, %v", row, err)
	}
	for _, test := range []struct {
		column Column
		of     ColumnBaseline
		want   string
	}{
		{learnt[3], ColumnBaseline{Mean: []float64{1}}, "the baseline's [1] has another length; the column is float32[2]"},
		{learnt[0], ColumnBaseline{Mean: []float64{1, 2}}, "the baseline's [1 2] has another length; the column is float32"},
		{learnt[0], ColumnBaseline{Mean: []float64{1e300}}, "the baseline's [1e+300] is not finite; the column is float32"},
		{learnt[2], ColumnBaseline{Mean: []float64{1e10}}, "the baseline's [1e+10] is out of range; the column is int32"},
		{learnt[1], ColumnBaseline{Mean: []float64{1e30}}, "the baseline's [1e+30] is out of range; the column is int64"},
		{learnt[0], ColumnBaseline{MostFrequent: json.Number("1")}, "mean: the baseline does not have it"},
		{learnt[4], ColumnBaseline{Mean: []float64{1}}, "most_frequent: the baseline does not have it"},
		{learnt[4], ColumnBaseline{MostFrequent: "1"}, "the baseline's 1 is of another type; the column is float64"},
		{learnt[5], ColumnBaseline{MostFrequent: json.Number("1.5")}, "the baseline's 1.5 is not a whole number; the column is int64"},
		{learnt[6], ColumnBaseline{MostFrequent: json.Number("1")}, "the baseline's 1 is of another type; the column is bool"},
		{learnt[7], ColumnBaseline{MostFrequent: true}, "the baseline's true is of another type; the column is string"},
	} {
		view, layout := column(test.column)
		b := &Baseline{Views: map[string]ViewBaseline{"stats": {Columns: map[string]ColumnBaseline{test.column.Name: test.of}}}}
		want := "views.stats.columns." + test.column.Name + ".default: " + test.want
		if _, err := b.Missing(view, layout); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

func TestABadBaselineFileIsRefusedWithItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.json")
	for text, want := range map[string]string{
		``:                               ":1: unexpected EOF",
		`[]`:                             ":1: must be an object, not a list",
		`{"version":2,"views":{}}`:       ":1: version: 2 is not 1, the version of the format that is read here",
		`{"views":{}}`:                   ":1: version: 0 is not 1, the version of the format that is read here",
		`{"version":1}{}`:                ":1: there is more after the baseline",
		`{"version":1,"view":{}}`:        ":1: view: unknown field",
		`{"version":1,"version":1}`:      ":1: version: is there twice",
		"{\"version\":1,\n\"views\":{":   ":2: views: unexpected EOF",
		"{\"version\":1,\n\"views\":[]}": ":2: views: must be an object, not a list",
		`{"version":1,"views":{"v":{"rows":-1}}}`:                                     ":1: views.v.rows: must be a whole number from 0 on, not -1",
		`{"version":1,"views":{"v":{"rows":"1"}}}`:                                    `:1: views.v.rows: must be a whole number from 0 on, not "1"`,
		`{"version":1,"views":{"v":{"columns":{"c":{"mean":null}}}}}`:                 ":1: views.v.columns.c.mean: must be a number, not null",
		`{"version":1,"views":{"v":{"columns":{"c":{"mean":[1,"2"]}}}}}`:              `:1: views.v.columns.c.mean[1]: must be a number, not "2"`,
		`{"version":1,"views":{"v":{"columns":{"c":{"mean":1e999}}}}}`:                ":1: views.v.columns.c.mean: 1e999 is out of range",
		`{"version":1,"views":{"v":{"columns":{"c":{"most_frequent":[]}}}}}`:          ":1: views.v.columns.c.most_frequent: must be a string, a number, true or false, not a list",
		`{"version":1,"views":{"v":{"columns":{"c":{"mean":[` + longMean() + `]}}}}}`: ":1: views.v.columns.c.mean: more than 65536 numbers",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadBaseline(path); err == nil || err.Error() != path+want {
			t.Errorf("%.60s: %v; want %s", text, err, want)
		}
	}
	if _, err := ReadBaseline(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent file was read")
	}
}

func longMean() string { return strings.TrimSuffix(strings.Repeat("1,", MaxVector+1), ",") }

func TestAWrittenFileReplacesTheOldOneAndLeavesNoOther(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, text := range []string{"old", "new"} {
		if err := ReplaceFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ReplaceFile(filepath.Join(dir, "absent", "f"), nil); err == nil {
		t.Error("a file in an absent directory was written")
	}
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ReplaceFile(filepath.Join(dir, "directory"), nil); err == nil {
		t.Error("a directory was replaced")
	}
	text, err := os.ReadFile(path)
	entries, _ := os.ReadDir(dir)
	if string(text) != "new" || err != nil || len(entries) != 2 {
		t.Errorf("%q, %v; the directory holds %v", text, err, entries)
	}
}

// A stream of more different values than are counted at a time, among which one
// leads by more than its part.
func TestTheMostFrequentValueIsFoundAmongManyOthers(t *testing.T) {
	const limit, n = 64, 10_000
	c := counter[string]{counts: map[string]int64{}, limit: limit, room: 1 << 20}
	for i := range n {
		word := fmt.Sprint("other", i)
		if i%20 == 0 {
			word = "leader"
		}
		c.add(word, len(word))
		if len(c.counts) > limit {
			t.Fatalf("%d values are counted; the limit is %d", len(c.counts), limit)
		}
	}
	if got := c.most(); got != "leader" {
		t.Errorf("most() = %q of %v", got, c.counts)
	}
}

func TestCountedStringsHaveRoomForSoManyBytes(t *testing.T) {
	c := counter[string]{counts: map[string]int64{}, limit: 1 << 20, room: 1000}
	for i := range 100 {
		word := strings.Repeat("x", 100+i)
		c.add(word, len(word))
		held := 0
		for v := range c.counts {
			held += len(v)
		}
		if held > 1000 || held+c.room != 1000 {
			t.Fatalf("%d bytes are held, with room for %d more of 1000", held, c.room)
		}
	}
}

func FuzzBaseline(f *testing.F) {
	f.Add([]byte(`{"version":1,"views":{"v":{"rows":9,"columns":{"a":{"nulls":3,"mean":31.2},"b":{"mean":[0.5,-1]},"c":{"most_frequent":"de"}}}}}`))
	f.Add([]byte(`{"views":{},"version":1.0}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := decodeBaseline(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), ":") {
				t.Fatalf("an error does not start with its place: %v", err)
			}
			return
		}
		written, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeBaseline(written)
		if err != nil || !reflect.DeepEqual(again, b) {
			t.Fatalf("%+v, %v; want %+v", again, err, b)
		}
	})
}
