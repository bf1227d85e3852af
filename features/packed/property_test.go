package packed

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

var (
	someTypes   = rapid.SampledFrom([]model.Type{model.Float32, model.Float64, model.Int64, model.Int32, model.Bool, model.String})
	someFloats  = rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -0.5, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 1e9})
	someInts    = rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 1 << 40})
	someStrings = rapid.OneOf(rapid.SampledFrom([]string{"", "red", "blüe", "\xff\x00"}), rapid.String())
)

func TestEveryRowIsReadBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawView(t, drawColumns(t))
		rec := drawRecord(t, v.layout)
		data := string(v.Encode(nil, &rec))
		row := v.layout.NewRow()
		if err := v.Decode(data, &row); err != nil {
			t.Fatal(err)
		}
		if got, want := values(v.layout, &row), values(v.layout, &rec.Row); !same(got, want) || row.Time != rec.Row.Time {
			t.Fatalf("%v at %d; want %v at %d", got, row.Time, want, rec.Row.Time)
		}
		checkCodes(t, v.layout, &row)
		rec.Row = row
		if again := string(v.Encode(nil, &rec)); again != data {
			t.Fatalf("%x is read and written as %x", data, again)
		}
	})
}

// What a row of another schema gives is what the set methods of the cells make of
// the values that it was made of.
func TestEveryRowOfAnotherSchemaIsReadColumnByColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := drawColumns(t)
		old, v := drawView(t, columns), drawView(t, drawChanges(t, columns))
		rec := drawRecord(t, old.layout)
		row, want := v.layout.NewRow(), v.layout.NewRow()
		s, err := ParseSchema(old.Schema().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Learn(s); err != nil {
			t.Fatal(err)
		}
		broken := false
		for i := range v.layout.Cells {
			to := &v.layout.Cells[i]
			from := slices.IndexFunc(columns, func(c features.Column) bool { return c.Name == to.Name })
			if from >= 0 && !rec.Row.Null(from) && !convert(&old.layout.Cells[from], to, &rec.Row, &want) {
				broken = true
			}
		}
		err = v.Decode(string(old.Encode(nil, &rec)), &row)
		if broken != (err != nil) {
			t.Fatalf("%v; want an error: %v", err, broken)
		}
		if got, want := values(v.layout, &row), values(v.layout, &want); !broken && !same(got, want) {
			t.Fatalf("%v; want %v", got, want)
		}
	})
}

// convert sets a cell to the value of another view's, and reports whether it fits.
func convert(from, to *features.Cell, source, row *features.Row) bool {
	var problem features.Problem
	switch {
	case from.Length > 0:
		problem = to.SetVector(row, source.Floats[from.At:from.At+from.N])
	case from.Kind == features.FloatCell:
		problem = to.SetFloat(row, float64(source.Floats[from.At]))
	case from.Type == model.Bool:
		problem = to.SetBool(row, source.Ints[from.At] == 1)
	case from.Kind == features.IntCell:
		problem = to.SetInt(row, source.Ints[from.At])
	default:
		problem = to.SetString(row, source.Strings[from.At])
	}
	return problem == features.Fits
}

func drawView(t *rapid.T, columns []features.Column) *View {
	if rapid.Bool().Draw(t, "dated") {
		return datedViewOf(columns...)
	}
	return viewOf(columns...)
}

// drawColumns draws few columns or many, with runs of floats among them.
func drawColumns(t *rapid.T) []features.Column {
	var columns []features.Column
	for range rapid.SampledFrom([]int{1, 2, 5, 12}).Draw(t, "groups") {
		c := features.Column{Type: someTypes.Draw(t, "type")}
		switch {
		case c.Type == model.Float32 && rapid.Bool().Draw(t, "vector"):
			c.Length = rapid.IntRange(1, 9).Draw(t, "length")
		case c.Type == model.String && rapid.Bool().Draw(t, "words"):
			c.Vocabulary = []string{"red", "blüe", ""}[:rapid.IntRange(0, 3).Draw(t, "vocabulary")]
		}
		for range rapid.SampledFrom([]int{1, 1, 2, 9, 70}).Draw(t, "alike") {
			columns = append(columns, c)
		}
	}
	for i := range columns {
		columns[i].Name = fmt.Sprint(rapid.SampledFrom([]string{"c", "c:", "ü,", "@"}).Draw(t, "name"), i)
	}
	return columns
}

// drawChanges drops, adds and moves columns and gives some another type.
func drawChanges(t *rapid.T, columns []features.Column) []features.Column {
	columns = slices.Clone(columns)
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		at := rapid.IntRange(0, len(columns)-1).Draw(t, "at")
		switch c := &columns[at]; rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			columns = slices.Insert(columns, at, features.Column{Name: fmt.Sprint("new", len(columns)), Type: someTypes.Draw(t, "type")})
		case 1:
			columns = slices.Concat(columns[at:], columns[:at])
		case 2:
			if len(columns) > 1 {
				columns = slices.Delete(columns, at, at+1)
			}
		default:
			if c.Length == 0 && isNumber(c.Type) && !strings.HasPrefix(c.Name, "new") {
				c.Type = rapid.SampledFrom([]model.Type{model.Float32, model.Float64, model.Int64, model.Int32}).Draw(t, "converted")
			}
		}
	}
	for i := range columns { // two views may add a column at one length
		if strings.HasPrefix(columns[i].Name, "new") {
			columns[i].Name = fmt.Sprint("new", i)
		}
	}
	return columns
}

func drawRecord(t *rapid.T, layout *features.Layout) features.Record {
	rec := features.Record{Row: layout.NewRow(), Created: someInts.Draw(t, "created")}
	rec.Row.Time = someInts.Draw(t, "time")
	nulls := rapid.SampledFrom([]int{0, 1, 5, 10}).Draw(t, "nulls")
	for i := range layout.Cells {
		c := &layout.Cells[i]
		if rapid.IntRange(1, 10).Draw(t, "null") <= nulls {
			continue
		}
		switch {
		case c.Length > 0:
			vector := make([]float32, c.Length)
			for i := range vector {
				vector[i] = float32(someFloats.Draw(t, "element"))
			}
			c.SetVector(&rec.Row, vector)
		case c.Kind == features.FloatCell:
			c.SetFloat(&rec.Row, someFloats.Draw(t, "float"))
		case c.Type == model.Bool:
			c.SetBool(&rec.Row, rapid.Bool().Draw(t, "bool"))
		case c.Kind == features.IntCell:
			c.SetInt(&rec.Row, someInts.Draw(t, "int")) // an int32 that it does not fit stays null
		default:
			c.SetString(&rec.Row, someStrings.Draw(t, "string"))
		}
	}
	return rec
}

// same compares values with their bits: 0 is not -0.
func same(a, b []any) bool { return reflect.DeepEqual(a, b) && fmt.Sprint(a) == fmt.Sprint(b) }

// checkCodes holds the codes of words against their vocabularies.
func checkCodes(t *rapid.T, layout *features.Layout, row *features.Row) {
	want := layout.NewRow()
	for i := range layout.Cells {
		if c := &layout.Cells[i]; !row.Null(i) {
			convert(c, c, row, &want)
		}
	}
	if !slices.Equal(row.Ints, want.Ints) {
		t.Fatalf("integers and codes are %v; want %v", row.Ints, want.Ints)
	}
}
