package packed

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

var every = []features.Column{
	{Name: "price", Type: model.Float32},
	{Name: "ratio", Type: model.Float64},
	{Name: "clicks", Type: model.Int64},
	{Name: "rank", Type: model.Int32},
	{Name: "new", Type: model.Bool},
	{Name: "color", Type: model.String, Vocabulary: []string{"red", "blüe"}},
	{Name: "vector", Type: model.Float32, Length: 2},
	{Name: "gone", Type: model.String},
}

// everyRow is a row of those columns, in which the last is null.
func everyRow(layout *features.Layout) features.Record {
	rec := features.Record{Item: "i9", Row: layout.NewRow(), Created: 1_700_000_000_456}
	rec.Row.Time = 1_700_000_000_123
	layout.Cells[0].SetFloat(&rec.Row, 1.5)
	layout.Cells[1].SetFloat(&rec.Row, -0.25)
	layout.Cells[2].SetInt(&rec.Row, -2)
	layout.Cells[3].SetInt(&rec.Row, 7)
	layout.Cells[4].SetBool(&rec.Row, true)
	layout.Cells[5].SetString(&rec.Row, "blüe")
	layout.Cells[6].SetVector(&rec.Row, []float32{1, 2})
	return rec
}

// The bytes were made by Python's struct and xxhash. Rows like it are in servers:
// if this test has to change, Version has to.
const golden = "01" + // version
	"67c0425f" + // schema
	"7b68e5cf8b010000" + // event time
	"0001" + // nulls: column 8
	"c869e5cf8b010000" + // created time
	"0000c03f" + // price
	"000000000000d0bf" + // ratio
	"feffffffffffffff" + // clicks
	"07000000" + // rank
	"01" + // new
	"05000000" + // length of color
	"0000803f00000040" + // vector
	"00000000" + // length of gone
	"626cc3bc65" // color

func goldenRow(tb testing.TB) string {
	tb.Helper()
	data, err := hex.DecodeString(golden)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func TestTheGoldenRowIsWrittenByteForByte(t *testing.T) {
	v := datedViewOf(every...)
	if id := v.Schema().ID(); id != 0x5f42c067 {
		t.Errorf("%08x, %q", id, v.Schema())
	}
	rec := everyRow(v.layout)
	if got := hex.EncodeToString(v.Encode([]byte("before"), &rec)); got != hex.EncodeToString([]byte("before"))+golden {
		t.Errorf("%s; want %s", got, golden)
	}
}

func TestTheGoldenRowIsReadBack(t *testing.T) {
	v := datedViewOf(every...)
	row, want := v.layout.NewRow(), everyRow(v.layout)
	if err := v.Decode(goldenRow(t), &row); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(row, want.Row) {
		t.Errorf("%v; want %v", row, want.Row)
	}
}

func TestAnUnknownCreatedTimeIsNullAndZero(t *testing.T) {
	v := datedViewOf(every...)
	rec := everyRow(v.layout)
	rec.Created = 0
	got := hex.EncodeToString(v.Encode(nil, &rec))
	want := strings.Replace(strings.Replace(golden, "c869e5cf8b010000", "0000000000000000", 1), "0001", "0101", 1)
	if got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestTheGoldenKeysAreWritten(t *testing.T) {
	for want, view := range map[string]features.View{
		"p:v:u:1%":          {Name: "v", Entities: []string{"user"}},
		"p:v:i:2%":          {Name: "v", Entities: []string{"item"}},
		"p:v:u%3A1%25:i:2%": {Name: "v", Entities: []string{"user", "item"}},
		"p:a%3Ab%25c:i:2%":  {Name: "v", StoredAs: "a:b%c", Entities: []string{"item"}},
		"p:v@x, y{z}:i:2%":  {Name: "w", StoredAs: "v@x, y{z}", Entities: []string{"item"}},
	} {
		view.Columns = []features.Column{{Name: "x", Type: model.Float32}}
		v := New("p", &view, features.LayoutOf(view.Columns))
		if key, err := v.AppendKey([]byte("before"), "u:1%", "i:2%"); err != nil || string(key) != "before"+want {
			t.Errorf("%q, %v; want %q", key, err, want)
		}
	}
}
