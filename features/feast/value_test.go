package feast

import (
	"encoding/hex"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

var (
	float32Column = features.Column{Name: "x", Type: model.Float32}
	float64Column = features.Column{Name: "x", Type: model.Float64}
	int64Column   = features.Column{Name: "x", Type: model.Int64}
	int32Column   = features.Column{Name: "x", Type: model.Int32}
	boolColumn    = features.Column{Name: "x", Type: model.Bool}
	stringColumn  = features.Column{Name: "x", Type: model.String}
	pairColumn    = features.Column{Name: "x", Type: model.Float32, Length: 2}
)

// The bytes are what Python's protobuf serializes feast.types.Value to.
func TestAValueIsConvertedWhereItSurvives(t *testing.T) {
	for _, c := range []struct {
		name   string
		hex    string
		column features.Column
		want   any // a string is an error
	}{
		{"int64 3", "2003", float32Column, []float32{3}},
		{"int32 -1", "18ffffffffffffffffff01", float64Column, []float32{-1}},
		{"double 1.5", "29000000000000f83f", float32Column, []float32{1.5}},
		{"double 2", "290000000000000040", int64Column, []int64{2}},
		{"float 0.5", "350000003f", int32Column, "column x: float 0.5 is not a whole number; the column is int32"},
		{"int64 2^31", "208080808008", int32Column, "column x: int64 2147483648 is out of range; the column is int32"},
		{"unix_timestamp", "4090c19a9606", int32Column, []int64{1657184400}},
		{"bool false", "3800", boolColumn, []int64{0}},
		{"bool", "3801", float32Column, "column x: the bool is of another type; the column is float32"},
		{"int64 1", "2001", boolColumn, "column x: int64 1 is of another type; the column is bool"},
		{"string", "1203616263", float32Column, "column x: the string is of another type; the column is float32"},
		{"empty string", "1200", stringColumn, []string{""}},
		{"string that is not UTF-8", "1201ff", stringColumn, "column x: the string is not UTF-8; the column is string"},
		{"bytes", "0a03616263", stringColumn, "column x: the bytes is of another type; the column is string"},
		{"double_list", "7a120a10000000000000f03f0000000000000040", pairColumn, []float32{1, 2}},
		{"int32_list", "6a0c0a0a01feffffffffffffffff", pairColumn, "column x: the int32_list is broken; the column is float32[2]"},
		{"int32_list -2", "6a0d0a0b01feffffffffffffffff01", pairColumn, []float32{1, -2}},
		{"int64_list", "72040a020105", pairColumn, []float32{1, 5}},
		{"unix_timestamp_list", "9201040a020105", pairColumn, []float32{1, 5}},
		{"float_list unpacked", "82010a0d0000803f0d00000040", pairColumn, []float32{1, 2}},
		{"float_list half packed", "82010b0a040000803f0d00000040", pairColumn, []float32{1, 2}},
		{"float_list of one", "8201060a040000803f", pairColumn, "column x: the float_list has another length; the column is float32[2]"},
		{"float_list of three", "82010e0a0c0000803f0000004000004040", pairColumn, "column x: the float_list has another length; the column is float32[2]"},
		{"float_list of none", "820100", pairColumn, "column x: the float_list has another length; the column is float32[2]"},
		{"float_list of one", "8201060a040000803f", float32Column, "column x: the float_list is of another type; the column is float32"},
		{"float", "350000003f", pairColumn, "column x: float 0.5 is of another type; the column is float32[2]"},
		{"bool_list", "8a01040a020101", pairColumn, "column x: the bool_list is of another type; the column is float32[2]"},
		{"string_list", "62030a0161", stringColumn, "column x: the string_list is of another type; the column is string"},
		{"map", "a20100", float32Column, "column x: field 20 of feast.types.Value is of another type; the column is float32"},
		{"NaN", "350000c07f", float32Column, nil},
		{"infinity", "29000000000000f07f", int64Column, nil},
		{"a double beyond float32", "299c7500883ce4377e", float32Column, nil},
		{"a list with NaN", "82010a0a080000803f0000c07f", pairColumn, nil},
		{"null", "980100", stringColumn, nil},
		{"empty", "", pairColumn, nil},
		{"cut off", "350000", float32Column, "column x: the value is no feast.types.Value; the column is float32"},
		{"a float written as an int", "3001", float32Column, "column x: the value is no feast.types.Value; the column is float32"},
		{"a field numbered 0", "0001", float32Column, "column x: the value is no feast.types.Value; the column is float32"},
		{"an endless number", "20ffffffffffffffffffff01", int64Column, "column x: the value is no feast.types.Value; the column is int64"},
		{"two values", "20012002", int64Column, []int64{2}},
	} {
		v, layout := viewOf(t, c.column)
		row := layout.NewRow()
		err := v.DecodeField(0, unhex(t, c.hex), &row)
		got := cell(&row, layout)
		if words, isError := c.want.(string); isError {
			if err == nil || err.Error() != words || got != nil {
				t.Errorf("%s: %v, %v; want %s", c.name, got, err, words)
			}
		} else if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestAStringOutlivesTheReplyItCameIn(t *testing.T) {
	v, layout := viewOf(t, stringColumn)
	row := layout.NewRow()
	reply := []byte("\x12\x03abc")
	if err := v.DecodeField(0, unsafe.String(&reply[0], len(reply)), &row); err != nil {
		t.Fatal(err)
	}
	copy(reply, "\x12\x03xyz")
	if row.Strings[0] != "abc" {
		t.Errorf("%q", row.Strings[0])
	}
}

func TestAWordOfAVocabularyGetsItsCode(t *testing.T) {
	c := stringColumn
	c.Vocabulary = []string{"a", "abc"}
	v, layout := viewOf(t, c)
	row := layout.NewRow()
	if err := v.DecodeField(0, "\x12\x03abc", &row); err != nil || row.Ints[0] != 2 {
		t.Errorf("%v, %v", row, err)
	}
}

func TestATimeIsReadToTheMillisecondBelow(t *testing.T) {
	for encoded, want := range map[string]int64{
		"":                                     0,
		"0801":                                 1000,
		"10c0843d":                             1,    // 1,000,000 ns
		"10bf843d":                             0,    // 999,999 ns
		"08ffffffffffffffffff0110c0843d":       -999, // a millisecond after the last second of 1969
		"08ff82d1ffaf0710ff93ebdc03":           253402300799999,
		"088092b8c398feffffff01":               -62135596800000,
		"08011001080210" + "c0843d" + "1a0161": 2001, // the last of each counts, what is not known is passed over
	} {
		if ms, err := DecodeTime(unhex(t, encoded)); err != nil || ms != want {
			t.Errorf("%s: %d, %v; want %d", encoded, ms, err, want)
		}
	}
	for encoded, want := range map[string]string{
		"08":                     "is not a google.protobuf.Timestamp",
		"0b":                     "is not a google.protobuf.Timestamp",
		"088083d1ffaf07":         "253402300800 s and 0 ns since 1970 is out of range",
		"08ffffffffffffffff7f":   "9223372036854775807 s",
		"1080a8d6b907":           "0 s and 2000000000 ns",
		"10ffffffffffffffffff01": "-1 ns",
	} {
		if ms, err := DecodeTime(unhex(t, encoded)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d, %v; want %q", encoded, ms, err, want)
		}
	}
}

func TestEveryTimeIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(firstSecond*1000, lastSecond*1000+999).Draw(t, "ms")
		if ms, err := DecodeTime(string(EncodeTime(nil, want))); err != nil || ms != want {
			t.Fatalf("%d, %v; want %d", ms, err, want)
		}
	})
}

func TestEveryRowIsReadBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layout, v := drawView(t)
		want := drawRow(t, layout)
		got := layout.NewRow()
		for c := range layout.Cells {
			encoded := v.EncodeField([]byte("before"), c, &want)
			if want.Null(c) != (len(encoded) == len("before")) {
				t.Fatalf("column %d: null %v is written as %x", c, want.Null(c), encoded)
			}
			if err := v.DecodeField(c, string(encoded[len("before"):]), &got); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%v; want %v", got, want)
		}
	})
}

func drawView(t *rapid.T) (*features.Layout, *View) {
	kinds := []features.Column{float32Column, float64Column, int64Column, int32Column, boolColumn, stringColumn, pairColumn}
	columns := rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 70).Draw(t, "columns")
	for i := range columns {
		columns[i].Name = string(rune('a' + i))
		if columns[i].Length > 0 {
			columns[i].Length = rapid.IntRange(1, 40).Draw(t, "length")
		}
	}
	layout := features.LayoutOf(columns)
	v, err := New("shop", 3, &features.Registry{}, &features.View{Name: "v", Entities: []string{"user"}}, layout)
	if err != nil {
		t.Fatal(err)
	}
	return layout, v
}

// drawRow draws a row, some of whose cells are null.
func drawRow(t *rapid.T, layout *features.Layout) features.Row {
	row := layout.NewRow()
	finite := rapid.Float32().Filter(func(f float32) bool { return !math.IsInf(float64(f), 0) && f == f })
	for i := range layout.Cells {
		c := &layout.Cells[i]
		switch {
		case rapid.IntRange(0, 4).Draw(t, "null") == 0:
		case c.Length > 0:
			c.SetVector(&row, rapid.SliceOfN(finite, c.Length, c.Length).Draw(t, "vector"))
		case c.Type == model.String:
			c.SetString(&row, rapid.String().Draw(t, "string"))
		case c.Type == model.Bool:
			c.SetBool(&row, rapid.Bool().Draw(t, "bool"))
		case c.Type == model.Int32:
			c.SetInt(&row, int64(rapid.Int32().Draw(t, "int32")))
		case c.Type == model.Int64:
			c.SetInt(&row, rapid.Int64().Draw(t, "int64"))
		default:
			c.SetFloat(&row, float64(finite.Draw(t, "float")))
		}
	}
	return row
}

func TestDecodingNumbersAllocatesNothing(t *testing.T) {
	v, layout := viewOf(t, float32Column, features.Column{Name: "y", Type: model.Int64},
		features.Column{Name: "z", Type: model.Float32, Length: 32})
	source := layout.NewRow()
	layout.Cells[0].SetFloat(&source, 0.5)
	layout.Cells[1].SetInt(&source, 1<<40)
	layout.Cells[2].SetVector(&source, make([]float32, 32))
	var values []string
	for c := range layout.Cells {
		values = append(values, string(v.EncodeField(nil, c, &source)))
	}
	at, row, key := string(EncodeTime(nil, 1_700_000_000_123)), layout.NewRow(), make([]byte, 0, 64)
	got := testing.AllocsPerRun(100, func() {
		for c, value := range values {
			if err := v.DecodeField(c, value, &row); err != nil {
				t.Error(err)
			}
		}
		if _, err := DecodeTime(at); err != nil {
			t.Error(err)
		}
		if _, err := v.AppendKey(key, "12345678", ""); err != nil {
			t.Error(err)
		}
	})
	if got != 0 || row.Null(2) {
		t.Errorf("%v allocations; want none: %s", got, hex.EncodeToString([]byte(values[0])))
	}
}
