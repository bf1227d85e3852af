package features

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// oneView is a registry with the view "stats" of items in the given source.
func oneView(source string, columns ...Column) *Registry {
	return &Registry{
		Entities: []Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.Int64}},
		Views:    []View{{Name: "stats", Entities: []string{"item"}, Source: source, Columns: columns}},
	}
}

// fetched returns the one row that a store holds of an item, nil if none.
func fetched(store Store, views int, user, item string) []*Row {
	q := Query{Request: &rank.Request{User: user, Items: []rank.Item{{ID: item}}}, Items: []int32{0}}
	for i := range views {
		q.Lookups = append(q.Lookups, Lookup{View: i, Rows: make([]*Row, 1)})
	}
	store.Fetch(&q, time.Time{})
	var rows []*Row
	for _, l := range q.Lookups {
		rows = append(rows, l.Rows[0])
	}
	return rows
}

func loadCSV(t *testing.T, reg *Registry, text string) (*Memory, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, reg.Views[0].Source), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := NewMemory(reg)
	return m, m.Load(context.Background(), dir)
}

var every = []Column{
	{Name: "price", Type: model.Float32, Default: Default{Kind: Mean}},
	{Name: "ratio", Type: model.Float64},
	{Name: "clicks", Type: model.Int64, Default: Default{Kind: MostFrequent}},
	{Name: "rank", Type: model.Int32, Default: Default{Number: 7}},
	{Name: "new", Type: model.Bool},
	{Name: "color", Type: model.String, Vocabulary: []string{"red", "blue"}, Default: Default{String: "blue"}},
	{Name: "vector", Type: model.Float32, Length: 2, Default: Default{Vector: []float32{8, 9}}},
}

func TestACSVFileFillsEveryTypeOfColumn(t *testing.T) {
	m, err := loadCSV(t, oneView("s.csv", every...), "\ufeffvector,item,price,extra,ratio,clicks,rank,new,color\n"+
		"\"[1, 2]\",a,1.5,x,0.25,3.0,-4,true,red\n"+
		"3 -4,b,2.5,x,1e-3,5,6,f,green\n"+
		"\"[5. 6.]\",c,NaN,x,1e999,5,6,1,\n"+
		",d,,,,,,,\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Row{
		"a": {Floats: []float32{1.5, 0.25, 1, 2}, Ints: []int64{3, -4, 1, 1}, Strings: []string{"red"}},
		"b": {Floats: []float32{2.5, 1e-3, 3, -4}, Ints: []int64{5, 6, 0, 0}, Strings: []string{"green"}},
		"c": {Floats: []float32{2, 0, 5, 6}, Ints: []int64{5, 6, 1, 2}, Strings: []string{"blue"}, Nulls: []uint64{1<<0 | 1<<1 | 1<<5}},
		"d": {Floats: []float32{2, 0, 8, 9}, Ints: []int64{5, 7, 0, 2}, Strings: []string{"blue"}, Nulls: []uint64{1<<7 - 1}},
	}
	for id, row := range want {
		checkRow(t, id, fetched(m, 1, "", id)[0], row)
	}
	if info := m.Views()[0]; info.Rows != 4 || info.NonFinite != 2 || !info.Newest.IsZero() {
		t.Errorf("Views() = %+v; want 4 rows, 2 non-finite cells, no time", info)
	}
}

func checkRow(t *testing.T, id string, got *Row, want Row) {
	t.Helper()
	if got == nil {
		t.Errorf("%s: no row", id)
		return
	}
	if !slices.Equal(got.Floats, want.Floats) || !slices.Equal(got.Ints, want.Ints) ||
		!slices.Equal(got.Strings, want.Strings) || !slices.Equal(got.Nulls, want.Nulls) || got.Time != want.Time {
		t.Errorf("%s: %+v; want %+v", id, *got, want)
	}
}

func TestABadCSVFileIsRefusedWithItsPlace(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "s.csv: empty"},
		{"item,prize\n", `s.csv: there is no column "price", did you mean "prize"; the file has item, prize`},
		{"item,price,price\n", `s.csv:1: there are two columns "price"`},
		{"item,price\na,1\nb,one\n", `s.csv:3: column price: one is of another type; the column is float32`},
		{"item,price\n\na\n", "s.csv:3: wrong number of fields"},
		{"item,price\n\"a,1\n", "s.csv:2: extraneous or missing \" in quoted-field"},
		{"item,price\n,1\n", "s.csv:2: item: the id is empty"},
	} {
		_, err := loadCSV(t, oneView("s.csv", Column{Name: "price", Type: model.Float32}), test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v; want %s", test.text, err, test.want)
		}
	}
	for _, test := range []struct {
		column     Column
		cell, want string
	}{
		{Column{Type: model.Int64}, "1.5", "1.5 is not a whole number; the column is int64"},
		{Column{Type: model.Int32}, "2147483648", "2147483648 is out of range; the column is int32"},
		{Column{Type: model.Int64}, "1e19", "1e19 is out of range; the column is int64"},
		{Column{Type: model.Bool}, "yes", "yes is of another type; the column is bool"},
		{Column{Type: model.Float32, Length: 2}, "1", "1 has another length; the column is float32[2]"},
		{Column{Type: model.Float32, Length: 2}, "1 2 3", "1 2 3 has another length; the column is float32[2]"},
		{Column{Type: model.Float32, Length: 2}, "[1 2", "[1 2 is of another type; the column is float32[2]"},
		{Column{Type: model.Float32, Length: 2}, "1 x", "1 x is of another type; the column is float32[2]"},
	} {
		test.column.Name = "c"
		_, err := loadCSV(t, oneView("s.csv", test.column), "c,item\n"+test.cell+",a\n")
		if err == nil || !strings.HasSuffix(err.Error(), "s.csv:2: column c: "+test.want) {
			t.Errorf("%s: %v; want %s", test.cell, err, test.want)
		}
	}
}

func TestTheLatestRowOfAnEntityWins(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64})
	reg.Views[0].EventTime = "at"
	m, err := loadCSV(t, reg, `item,n,at
late first,1,2024-01-02T00:00:00Z
late first,2,2024-01-01T00:00:00Z
late last,1,2024-01-01 00:00:00
late last,2,2024-01-01T00:00:01Z
tie,1,1704067200
tie,2,1704067200000
timeless,1,1970-01-01
timeless,2,
`)
	if err != nil {
		t.Fatal(err)
	}
	const day = 1704067200000 // 2024-01-01
	for id, want := range map[string]Row{
		"late first": {Ints: []int64{1}, Time: day + 86_400_000},
		"late last":  {Ints: []int64{2}, Time: day + 1000},
		"tie":        {Ints: []int64{2}, Time: day},
		"timeless":   {Ints: []int64{1}, Time: 1},
	} {
		checkRow(t, id, fetched(m, 1, "", id)[0], want)
	}
	if got := m.Views()[0].Newest.UnixMilli(); got != day+86_400_000 {
		t.Errorf("Newest = %d", got)
	}
}

func TestAnEventTimeIsReadInEveryForm(t *testing.T) {
	for text, want := range map[string]int64{
		"":                          0,
		"0":                         1,
		"1700000000":                1_700_000_000_000,
		"1700000000.5":              1_700_000_000_500,
		"1700000000123":             1_700_000_000_123,
		"1700000000123456":          1_700_000_000_123,
		"1700000000123456789":       1_700_000_000_123,
		"-5":                        -5000,
		"2023-11-14":                1_699_920_000_000,
		"2023-11-14 22:13:20":       1_700_000_000_000,
		"2023-11-14 22:13:20.25":    1_700_000_000_250,
		"2023-11-14T22:13:20":       1_700_000_000_000,
		"2023-11-14T23:13:20+01:00": 1_700_000_000_000,
		"2023-11-14 23:13:20+01:00": 1_700_000_000_000,
	} {
		if got, err := ParseTime(text); got != want || err != nil {
			t.Errorf("ParseTime(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "1e300", "NaN", "2023-13-01"} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("ParseTime(%q) = %d; want an error", text, got)
		}
	}
}

func TestAnIntegerIDIsKnownUnderItsDecimalFormOnly(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64})
	reg.Entities[0].Type = model.Int64
	m, err := loadCSV(t, reg, "item,n\n7,1\n-9223372036854775808,1\n")
	if err != nil {
		t.Fatal(err)
	}
	for id, found := range map[string]bool{
		"7": true, "-9223372036854775808": true,
		"07": false, "+7": false, "7\t": false, "7.0": false, "abc": false, "": false, "-0": false,
	} {
		if got := fetched(m, 1, "", id)[0] != nil; got != found {
			t.Errorf("%q found: %t; want %t", id, got, found)
		}
	}
	for _, id := range []string{"07", "abc", "9223372036854775808"} {
		if _, err := loadCSV(t, reg, "item,n\n"+id+",1\n"); err == nil || !strings.HasSuffix(err.Error(),
			`s.csv:2: item: the id "`+id+`" is not an int64 in decimal form`) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAFailedLoadKeepsTheOldSnapshot(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64})
	m, err := loadCSV(t, reg, "item,n\na,1\n")
	if err != nil {
		t.Fatal(err)
	}
	told := &swaps{}
	m.Inform(told)
	if err := m.Load(context.Background(), t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), "views.stats.source: stat ") {
		t.Errorf("Load of an empty directory: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	long := "item,n\n" + strings.Repeat("b,2\n", checkEvery)
	if err := os.WriteFile(filepath.Join(dir, "s.csv"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Load(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("Load with a cancelled context: %v", err)
	}
	if n := told.Load(); n != 0 || fetched(m, 1, "", "a")[0] == nil || fetched(m, 1, "", "b")[0] != nil {
		t.Errorf("told of %d changes; the old snapshot is gone", n)
	}
	reg.Views[0].Source = ""
	if err := m.Load(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "views.stats.source: missing") {
		t.Errorf("Load of a view without source: %v", err)
	}
}

func TestALoadReportsTheFirstMistakeOfEverySource(t *testing.T) {
	reg := twoViews()
	reg.Views[0].Source, reg.Views[1].Source = "absent.csv", "s.csv"
	reg.Views[0].TTL, reg.Views[0].MaxStale, reg.Views[1].TTL = 0, 0, time.Hour
	err := NewMemory(reg).Load(context.Background(), t.TempDir())
	for _, want := range []string{
		"views." + reg.Views[0].Name + ".source: stat ",
		"views." + reg.Views[1].Name + ".ttl: without event_time",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v; want %s", err, want)
		}
	}
}

func TestAMaxStaleWithoutATTLHasNoEffectInTheEmbeddedStore(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64})
	reg.Views[0].MaxStale = time.Hour
	if _, err := loadCSV(t, reg, "item,n\na,1\n"); err == nil || err.Error() !=
		"views.stats.max_stale: 1h0m0s has no effect without a ttl, because a row without ttl is never stale" {
		t.Errorf("Load = %v", err)
	}
}
