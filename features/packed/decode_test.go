package packed

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// checkRow fails if a row holds what no pass may see.
func checkRow(tb testing.TB, layout *features.Layout, row *features.Row) {
	tb.Helper()
	for i := range layout.Cells {
		c := &layout.Cells[i]
		switch {
		case row.Null(i):
		case c.Kind == features.FloatCell:
			for _, f := range row.Floats[c.At : c.At+c.N] {
				if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
					tb.Fatalf("%s holds %v", c.Name, f)
				}
			}
		case c.Type == model.Bool && row.Ints[c.At]>>1 != 0, c.Type == model.Int32 && row.Ints[c.At] != int64(int32(row.Ints[c.At])):
			tb.Fatalf("%s, which is %s, holds %d", c.Name, c.Type, row.Ints[c.At])
		}
	}
}

// readAgain decodes bytes that were accepted once more, from what they are written as.
func readAgain(tb testing.TB, v *View, row *features.Row) {
	tb.Helper()
	again := v.layout.NewRow()
	err := v.Decode(string(v.Encode(nil, &features.Record{Row: *row})), &again)
	if err != nil || !reflect.DeepEqual(values(v.layout, &again), values(v.layout, row)) || again.Time != row.Time {
		tb.Fatalf("%v is written and read as %v, %v", row, again, err)
	}
}

func TestEveryTruncationOfARowIsAnError(t *testing.T) {
	v, data := datedViewOf(every...), goldenRow(t)
	for n := range data {
		row := v.layout.NewRow()
		if err := v.Decode(data[:n], &row); err == nil || !strings.HasPrefix(err.Error(), "view v: a row ") {
			t.Errorf("the first %d bytes of %d: %v, %v", n, len(data), row, err)
		}
	}
}

func TestEveryFlippedBitGivesAnErrorOrARow(t *testing.T) {
	v := datedViewOf(every...)
	for bit := range 8 * len(goldenRow(t)) {
		data, row := []byte(goldenRow(t)), v.layout.NewRow()
		data[bit>>3] ^= 1 << (bit & 7)
		if err := v.Decode(string(data), &row); err != nil {
			if !strings.HasPrefix(err.Error(), "view v: ") {
				t.Errorf("bit %d: %v", bit, err)
			}
			continue
		}
		if bit < 8*TimeOffset {
			t.Errorf("bit %d of version and schema is flipped, and the row is accepted", bit)
		}
		checkRow(t, v.layout, &row)
		readAgain(t, v, &row)
	}
}

func TestABrokenRowIsAnErrorThatSaysWhatWasFound(t *testing.T) {
	v, data := datedViewOf(every...), goldenRow(t)
	const flag, length = 47, 48 // offsets of the column new and of the length of color
	for want, broken := range map[string]string{
		"view v: a row is 0 bytes long, and its header alone would be 13":                "",
		"view v: a row is 1 bytes long, and its header alone would be 13":                data[:1],
		"view v: a row has version 2 of the packed layout; known is 1":                   "\x02",
		"view v: the schema 00000007 of a row is not known":                              "\x01\x07\x00\x00\x00" + data[5:],
		"view v: a row of schema 5f42c067 is 20 bytes long; its columns take 64":         data[:20],
		"view v: a row of schema 5f42c067 is 70 bytes long; its columns take 69":         data + "\x00",
		"view v: a row of schema 5f42c067 is 69 bytes long; its columns take 4294967359": data[:length] + "\xff\xff\xff\xff" + data[length+4:],
		"view v: column new: bool 2 is neither 0 nor 1; the column is bool":              data[:flag] + "\x02" + data[flag+1:],
		"view v: a row of schema 5f42c067 is 69 bytes long; its columns take 68":         data[:length] + "\x04" + data[length+1:],
		"view v: a row of schema 5f42c067 is 64 bytes long; its columns take 69":         data[:64],
	} {
		row := v.layout.NewRow()
		if err := v.Decode(broken, &row); err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

func TestWhatIsNotFiniteIsReadAsANull(t *testing.T) {
	columns := append(columnsOf("f", model.Float32, 70), columnsOf("d", model.Float64, 3)...)
	columns = append(columns, features.Column{Name: "v", Type: model.Float32, Length: 5})
	v := viewOf(columns...)
	data := []byte(rowWith(v, 1))
	at := func(column int) []byte { return data[v.own.schema.columns[column].at:] }
	binary.LittleEndian.PutUint32(at(3), math.Float32bits(float32(math.NaN())))
	binary.LittleEndian.PutUint32(at(63), math.Float32bits(float32(math.Inf(1))))
	binary.LittleEndian.PutUint32(at(64), 0xff800000)
	binary.LittleEndian.PutUint64(at(71), math.Float64bits(1e300))
	binary.LittleEndian.PutUint32(at(73)[16:], 0x7f800001)
	row := v.layout.NewRow()
	if err := v.Decode(string(data), &row); err != nil {
		t.Fatal(err)
	}
	for i := range columns {
		if want := i == 3 || i == 63 || i == 64 || i == 71 || i == 73; row.Null(i) != want {
			t.Errorf("column %s is null: %v; want %v", columns[i].Name, row.Null(i), want)
		}
	}
	checkRow(t, v.layout, &row)
}

func TestTheBytesOfANullAreNotRead(t *testing.T) {
	v := datedViewOf(every...)
	data := []byte(goldenRow(t))
	data[13], data[14] = 0xff, 0xff
	for i := 15 + 8; i < 48; i++ {
		data[i] = 0xff
	}
	row := v.layout.NewRow()
	if err := v.Decode(string(data), &row); err != nil {
		t.Fatal(err)
	}
	for i := range every {
		if !row.Null(i) {
			t.Errorf("column %s has a value", every[i].Name)
		}
	}
}

func TestAStringOutlivesTheReplyItCameIn(t *testing.T) {
	v := viewOf(features.Column{Name: "s", Type: model.String})
	rec, row := features.Record{Row: v.layout.NewRow()}, v.layout.NewRow()
	v.layout.Cells[0].SetString(&rec.Row, "abc")
	reply := v.Encode(nil, &rec)
	if err := v.Decode(unsafe.String(&reply[0], len(reply)), &row); err != nil {
		t.Fatal(err)
	}
	clear(reply)
	if row.Strings[0] != "abc" {
		t.Errorf("%q", row.Strings[0])
	}
}

func TestAWordIsTheVocabularysOwnString(t *testing.T) {
	colors := []string{strings.Clone("red"), strings.Clone("blüe")}
	v := viewOf(
		features.Column{Name: "n", Type: model.Int64},
		features.Column{Name: "none", Type: model.String, Vocabulary: []string{}},
		features.Column{Name: "size", Type: model.String, Vocabulary: []string{"l", "m"}},
		features.Column{Name: "color", Type: model.String, Vocabulary: colors},
	)
	rec, row := features.Record{Row: v.layout.NewRow()}, v.layout.NewRow()
	for i, word := range []string{"", "m", "m", "blüe"} {
		v.layout.Cells[i].SetString(&rec.Row, word)
	}
	v.layout.Cells[0].SetInt(&rec.Row, 1)
	if err := v.Decode(string(v.Encode(nil, &rec)), &row); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(row, rec.Row) || unsafe.StringData(row.Strings[2]) != unsafe.StringData(colors[1]) {
		t.Errorf("%v; want %v, and the string of the vocabulary", row, rec.Row)
	}
	v.layout.Cells[3].SetString(&rec.Row, "green")
	if err := v.Decode(string(v.Encode(nil, &rec)), &row); err != nil || row.Strings[2] != "green" || row.Ints[3] != 0 {
		t.Errorf("%v, %v", row, err)
	}
}
