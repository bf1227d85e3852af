package features

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/rankgate/rankgate/model"
)

func parquetBytes[T any](tb testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, options...)
	if _, err := w.Write(rows); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func loadParquet(tb testing.TB, reg *Registry, file []byte) (*Memory, error) {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, reg.Views[0].Source), file, 0o600); err != nil {
		tb.Fatal(err)
	}
	m := NewMemory(reg)
	return m, m.Load(context.Background(), dir)
}

func decimal(n int) string { return strconv.Itoa(n) }

// everyRow has other widths than the view, optional columns and lists.
type everyRow struct {
	Item   string    `parquet:"item"`
	Extra  []string  `parquet:"extra"`
	Price  *float64  `parquet:"price,optional"`
	Ratio  float32   `parquet:"ratio"`
	Clicks *int32    `parquet:"clicks,optional"`
	Rank   uint32    `parquet:"rank"`
	New    *bool     `parquet:"new,optional"`
	Color  *string   `parquet:"color,optional,dict"`
	Vector []float64 `parquet:"vector,list,optional"`
	At     time.Time `parquet:"at,timestamp(microsecond)"`
}

func TestAParquetFileFillsEveryTypeOfColumn(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123)
	rows := []everyRow{
		{"a", []string{"x", "y"}, new(1.5), 0.25, new(int32(3)), 4, new(true), new("red"), []float64{1, 2}, at},
		{"b", nil, new(2.5), 1, new(int32(5)), 6, new(false), new("green"), []float64{3, -4}, at},
		{"c", nil, new(math.NaN()), 0, new(int32(5)), 6, new(true), nil, []float64{5, math.Inf(1)}, at.Add(time.Hour)},
		{"d", nil, nil, 0, nil, 7, nil, nil, nil, at},
		{"a", nil, new(99.0), 0, nil, 7, nil, nil, nil, at.Add(-time.Second)},
	}
	reg := oneView("s.parquet", every...)
	reg.Views[0].EventTime = "at"
	for name, file := range map[string][]byte{
		"one row group": parquetBytes(t, rows),
		"small pages":   parquetBytes(t, rows, parquet.PageBufferSize(1), parquet.MaxRowsPerRowGroup(2), parquet.Compression(&parquet.Zstd)),
		"data pages v1": parquetBytes(t, rows, parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)),
	} {
		m, err := loadParquet(t, reg, file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ms := at.UnixMilli()
		for id, want := range map[string]Row{
			"a": {Floats: []float32{1.5, 0.25, 1, 2}, Ints: []int64{3, 4, 1, 1}, Strings: []string{"red"}, Time: ms},
			"b": {Floats: []float32{2.5, 1, 3, -4}, Ints: []int64{5, 6, 0, 0}, Strings: []string{"green"}, Time: ms},
			"c": {Floats: []float32{2, 0, 8, 9}, Ints: []int64{5, 6, 1, 2}, Strings: []string{"blue"}, Nulls: []uint64{1<<0 | 1<<5 | 1<<6}, Time: ms + 3_600_000},
			"d": {Floats: []float32{2, 0, 8, 9}, Ints: []int64{5, 7, 0, 2}, Strings: []string{"blue"}, Nulls: []uint64{1<<0 | 1<<2 | 1<<4 | 1<<5 | 1<<6}, Time: ms},
		} {
			checkRow(t, name+" "+id, fetched(m, 1, "", id)[0], want)
		}
		if info := m.Views()[0]; info.NonFinite != 2 || info.Rows != 4 {
			t.Errorf("%s: Views() = %+v", name, info)
		}
	}
}

func TestAPairTableIsReadWithIntegerKeys(t *testing.T) {
	type pair struct {
		User int64   `parquet:"user"`
		Item int32   `parquet:"item"`
		N    float32 `parquet:"n"`
	}
	reg := oneView("s.parquet", Column{Name: "n", Type: model.Float32})
	reg.Views[0].Entities = []string{"user", "item"}
	var rows []pair
	for u := range int64(40) {
		for i := range int32(u) { // user 0 has none
			rows = append(rows, pair{u, 3 * i, float32(u*1000) + float32(i)})
		}
	}
	m, err := loadParquet(t, reg, parquetBytes(t, rows))
	if err != nil {
		t.Fatal(err)
	}
	for u := range 41 {
		for item := range 130 {
			row := fetched(m, 1, decimal(u), decimal(item))[0]
			if there := item%3 == 0 && item/3 < u && u < 40; there != (row != nil) {
				t.Fatalf("user %d, item %d found: %t; want %t", u, item, row != nil, there)
			}
			if row != nil && row.Floats[0] != float32(u*1000+item/3) {
				t.Fatalf("user %d, item %d: %v", u, item, row.Floats)
			}
		}
	}
}

func TestAParquetTimestampKeepsItsUnit(t *testing.T) {
	type stamped struct {
		Item   string    `parquet:"item"`
		Milli  time.Time `parquet:"ms,timestamp(millisecond)"`
		Micro  time.Time `parquet:"us,timestamp(microsecond)"`
		Nano   time.Time `parquet:"ns,timestamp(nanosecond)"`
		Date   int32     `parquet:"date,date"`
		Second int64     `parquet:"second"`
		Float  float64   `parquet:"float"`
		Text   string    `parquet:"text"`
		Null   *int64    `parquet:"null,optional"`

		Julian deprecated.Int96 `parquet:"julian"`
	}
	at := time.UnixMilli(1_700_000_000_123)
	nanos := uint64(22*3600+13*60+20) * 1e9
	julian := deprecated.Int96{uint32(nanos), uint32(nanos >> 32), 2440588 + 19_675}
	file := parquetBytes(t, []stamped{{"a", at, at, at, 19_675, 1_700_000_000, 1_700_000_000.5, "2023-11-14T22:13:20Z", nil, julian}})
	for column, want := range map[string]int64{
		"ms": 1_700_000_000_123, "us": 1_700_000_000_123, "ns": 1_700_000_000_123, "date": 1_699_920_000_000,
		"second": 1_700_000_000_000, "float": 1_700_000_000_500, "text": 1_700_000_000_000, "null": 0, "julian": 1_700_000_000_000,
	} {
		reg := oneView("s.parquet", Column{Name: "second", Type: model.Int64})
		reg.Views[0].EventTime = column
		m, err := loadParquet(t, reg, file)
		if err != nil {
			t.Errorf("%s: %v", column, err)
			continue
		}
		checkRow(t, column, fetched(m, 1, "", "a")[0], Row{Ints: []int64{1_700_000_000}, Time: want})
	}
}

func TestABadParquetFileIsRefusedWithItsPlace(t *testing.T) {
	type group struct {
		A int32 `parquet:"a"`
	}
	type list struct {
		A []int32 `parquet:"a"`
	}
	type odd struct {
		Item   string    `parquet:"item"`
		Empty  *string   `parquet:"empty,optional"`
		Money  int64     `parquet:"money,decimal(2:18)"`
		Half   [2]byte   `parquet:"half"`
		List   []float32 `parquet:"list"`
		Lists  []list    `parquet:"lists"`
		Group  group     `parquet:"group"`
		Text   string    `parquet:"text"`
		Number float64   `parquet:"number"`
		Big    uint64    `parquet:"big"`
	}
	file := parquetBytes(t, []odd{
		{Item: "a", Empty: new("x"), List: []float32{1, 2}, Text: "2024-01-01"},
		{Item: "b", List: []float32{1}, Text: "word", Number: 0.5, Big: 1 << 63},
	})
	for _, test := range []struct {
		column Column
		want   string
	}{
		{Column{Name: "prize", Type: model.Float32}, `: there is no column "prize"`},
		{Column{Name: "money", Type: model.Float32}, ": column money: its Parquet type DECIMAL"},
		{Column{Name: "half", Type: model.Float32}, ": column half: its Parquet type FIXED_LEN_BYTE_ARRAY"},
		{Column{Name: "lists", Type: model.Float32, Length: 2}, ": column lists: is nested"},
		{Column{Name: "group", Type: model.Float32}, ": column group: is nested"},
		{Column{Name: "list", Type: model.Float32}, ": column list is a list, and the view says float32"},
		{Column{Name: "list", Type: model.Float32, Length: 2}, ": row 2: column list: a list of 1 values has another length; the column is float32[2]"},
		{Column{Name: "number", Type: model.Float32, Length: 2}, ": row 1: column number: 0 is of another type; the column is float32[2]"},
		{Column{Name: "number", Type: model.Int32}, ": row 2: column number: 0.5 is not a whole number; the column is int32"},
		{Column{Name: "text", Type: model.Float32}, ": row 1: column text: 2024-01-01 is of another type; the column is float32"},
		{Column{Name: "big", Type: model.Int64}, ": row 2: column big: 9223372036854775808 is out of range; the column is int64"},
	} {
		_, err := loadParquet(t, oneView("s.parquet", test.column), file)
		if err == nil || !strings.Contains(err.Error(), "s.parquet"+test.want) {
			t.Errorf("%+v: %v; want %s", test.column, err, test.want)
		}
	}
	reg := oneView("s.parquet", Column{Name: "text", Type: model.String})
	lz4 := parquetBytes(t, []odd{{Item: "a"}}, parquet.Compression(&parquet.Lz4Raw))
	if _, err := loadParquet(t, reg, lz4); err == nil || !strings.Contains(err.Error(), "s.parquet: LZ4 compression is not supported") {
		t.Errorf("LZ4: %v", err)
	}
	reg.Views[0].EventTime = "text"
	if _, err := loadParquet(t, reg, file); err == nil || !strings.Contains(err.Error(), `: row 2: column text: "word" is not a time`) {
		t.Errorf("a word as time: %v", err)
	}
}

func TestADamagedParquetFileIsAnError(t *testing.T) {
	reg := oneView("s.parquet", every...)
	rows := make([]everyRow, 50)
	for i := range rows {
		rows[i] = everyRow{Item: decimal(i), Vector: []float64{1, 2}, Color: new("red")}
	}
	file := parquetBytes(t, rows)
	for _, damaged := range [][]byte{nil, []byte("PAR1"), file[:len(file)/2], file[:len(file)-1], append([]byte("PAR1"), file[len(file)/2:]...)} {
		if _, err := loadParquet(t, reg, damaged); err == nil {
			t.Errorf("%d of %d bytes: no error", len(damaged), len(file))
		}
	}
	// A footer that claims gigabytes is refused before it is allocated.
	huge := bytes.Clone(file)
	copy(huge[len(huge)-8:], []byte{0xff, 0xff, 0xff, 0x7f})
	if _, err := loadParquet(t, reg, huge); err == nil || !strings.Contains(err.Error(), "a footer of 2147483647 bytes") {
		t.Errorf("huge footer: %v", err)
	}
}
