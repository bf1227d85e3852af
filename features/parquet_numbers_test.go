package features

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
)

// numberRow has every kind of number, with and without nulls and a dictionary.
type numberRow struct {
	Item   int64    `parquet:"item"`
	Float  float32  `parquet:"float"`
	Double *float64 `parquet:"double,optional"`
	Small  *int32   `parquet:"small,optional,dict"`
	Large  int64    `parquet:"large,dict"`
	Coded  *float32 `parquet:"coded,optional,dict"`
	Whole  uint32   `parquet:"whole"`
}

func TestNumbersAndNullsKeepTheirRows(t *testing.T) {
	reg := oneView("s.parquet", Column{Name: "float", Type: model.Float32}, Column{Name: "double", Type: model.Float64},
		Column{Name: "small", Type: model.Int32}, Column{Name: "large", Type: model.Int64},
		Column{Name: "coded", Type: model.Float32}, Column{Name: "whole", Type: model.Int64})
	reg.Entities[0].Type = model.Int64
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawNumbers), 1, 60).Draw(rt, "rows")
		for i := range rows {
			rows[i].Item = int64(i)
		}
		file := parquetBytes(t, rows, parquet.DataPageVersion(rapid.IntRange(1, 2).Draw(rt, "version")),
			parquet.PageBufferSize(rapid.SampledFrom([]int{1, 40, 1 << 20}).Draw(rt, "page")),
			parquet.MaxRowsPerRowGroup(rapid.SampledFrom([]int64{1, 7, 1000}).Draw(rt, "group")))
		m, err := loadParquet(t, reg, file)
		if err != nil {
			rt.Fatal(err)
		}
		for i := range rows {
			r := &rows[i]
			got := fetched(m, 1, "", decimal(i))[0]
			want := Row{
				Floats: []float32{r.Float, float32(or(r.Double)), or(r.Coded)},
				Ints:   []int64{int64(or(r.Small)), r.Large, int64(r.Whole)},
			}
			nulls := []bool{false, r.Double == nil, r.Small == nil, false, r.Coded == nil, false}
			for c, null := range nulls {
				if got.Null(c) != null {
					rt.Fatalf("row %d: column %d is null: %t; want %t", i, c, got.Null(c), null)
				}
			}
			if !slices.Equal(got.Floats, want.Floats) || !slices.Equal(got.Ints, want.Ints) {
				rt.Fatalf("row %d: %v, %v; want %v, %v", i, got.Floats, got.Ints, want.Floats, want.Ints)
			}
		}
	})
}

func drawNumbers(t *rapid.T) numberRow {
	few := rapid.IntRange(-3, 3)
	return numberRow{
		Float:  rapid.Float32Range(-1e6, 1e6).Draw(t, "float"),
		Double: rapid.Ptr(rapid.Float64Range(-1e6, 1e6), true).Draw(t, "double"),
		Small:  rapid.Ptr(rapid.Int32Range(-3, 3), true).Draw(t, "small"),
		Large:  int64(few.Draw(t, "large")),
		Coded:  rapid.Ptr(rapid.Float32Range(0, 1), true).Draw(t, "coded"),
		Whole:  rapid.Uint32().Draw(t, "whole"),
	}
}

// or is what v points to, else zero.
func or[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

// damagedPage is a page that no writer makes.
type damagedPage struct {
	parquet.Page
	levels []byte
	rows   int64
}

func (p damagedPage) DefinitionLevels() []byte { return p.levels }
func (p damagedPage) NumRows() int64           { return p.rows }

func TestAPageOfNumbersThatContradictsItselfIsAnError(t *testing.T) {
	two := parquet.FloatType.NewPage(0, 2, parquet.FloatType.NewValues(make([]byte, 8), nil))
	for name, test := range map[string]struct {
		kind parquet.Kind
		page damagedPage
		want string
	}{
		"too few values":     {parquet.Float, damagedPage{two, nil, 3}, "damaged file: a page has fewer values than rows"},
		"too few for levels": {parquet.Float, damagedPage{two, []byte{1, 0, 1, 1}, 4}, "damaged file: a page has fewer values than rows"},
		"levels missing":     {parquet.Float, damagedPage{two, []byte{1}, 2}, "a page has more or fewer levels than rows"},
		"another kind":       {parquet.Double, damagedPage{two, nil, 2}, "a FLOAT among values of DOUBLE"},
	} {
		n := parquetNumbers{kind: test.kind, full: 1}
		err := n.begin(test.page)
		for err == nil && n.row < n.rows {
			err = n.next()
		}
		if err == nil || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%s: %v; want %s", name, err, test.want)
		}
	}
}

func TestAPlaceOutsideADictionaryIsAnError(t *testing.T) {
	for _, place := range []int32{2, -1} {
		n := parquetNumbers{kind: parquet.Float, floats: make([]float32, 2), size: 2, dictionary: true, places: []int32{1, place}, stored: 2, rows: 2}
		if err := n.next(); err != nil {
			t.Fatal(err)
		}
		if err := n.next(); err == nil || err.Error() != fmt.Sprintf("damaged file: value %d of a dictionary of 2", place) {
			t.Errorf("place %d: %v", place, err)
		}
	}
}
