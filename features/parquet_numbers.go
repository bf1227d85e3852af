package features

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
)

// parquetNumbers walks a page of a column that has a number or a null in each
// row. It takes numbers from where they lie: to copy each into a parquet.Value
// first, which has a pointer, makes reading twice as slow (BenchmarkStream).
type parquetNumbers struct {
	kind parquet.Kind // of which one of the slices is
	full byte         // definition level of a value that is there

	// Of the page, or of its dictionary.
	int32s  []int32
	int64s  []int64
	floats  []float32
	doubles []float64
	size    int // of that slice

	dictionary bool
	places     []int32 // of the values in the dictionary
	stored     int     // values in the page, nulls not counted
	levels     []byte  // of definition, by row; empty if none is null
	rows       int

	row, taken int  // rows passed, and values among them
	null       bool // the row reached has no value
	place      int  // of its value in the slice
}

// simple reports whether values of a kind can be walked so.
func simple(k parquet.Kind) bool {
	return k == parquet.Int32 || k == parquet.Int64 || k == parquet.Float || k == parquet.Double
}

// begin starts with another page, which must stay as it is until the next.
func (n *parquetNumbers) begin(page parquet.Page) error {
	*n = parquetNumbers{kind: n.kind, full: n.full, rows: int(page.NumRows()), levels: page.DefinitionLevels()}
	data := page.Data()
	if d := page.Dictionary(); d != nil {
		n.dictionary, n.places = true, data.Int32()
		data = d.Page().Data()
	}
	if data.Kind().String() != n.kind.String() { // the numbers of kinds differ
		return fmt.Errorf("a %s among values of %s", data.Kind(), n.kind)
	}
	switch n.kind {
	case parquet.Int32:
		n.int32s = data.Int32()
		n.size = len(n.int32s)
	case parquet.Int64:
		n.int64s = data.Int64()
		n.size = len(n.int64s)
	case parquet.Float:
		n.floats = data.Float()
		n.size = len(n.floats)
	default:
		n.doubles = data.Double()
		n.size = len(n.doubles)
	}
	n.stored = n.size
	if n.dictionary {
		n.stored = len(n.places)
	}
	if len(n.levels) > 0 && len(n.levels) != n.rows {
		return errors.New("a page has more or fewer levels than rows")
	}
	return nil
}

// next moves to the next row of the page, which has one.
func (n *parquetNumbers) next() error {
	n.null = len(n.levels) > 0 && n.levels[n.row] != n.full
	n.row++
	if n.null {
		return nil
	}
	if n.taken == n.stored {
		return errors.New("damaged file: a page has fewer values than rows")
	}
	n.place = n.taken
	n.taken++
	if n.dictionary {
		n.place = int(n.places[n.place])
		if uint(n.place) >= uint(n.size) {
			return fmt.Errorf("damaged file: value %d of a dictionary of %d", n.place, n.size)
		}
	}
	return nil
}

// value returns what the row reached holds.
func (n *parquetNumbers) value() parquet.Value {
	switch {
	case n.null:
		return parquet.Value{}
	case n.kind == parquet.Float:
		return parquet.FloatValue(n.floats[n.place])
	case n.kind == parquet.Double:
		return parquet.DoubleValue(n.doubles[n.place])
	case n.kind == parquet.Int64:
		return parquet.Int64Value(n.int64s[n.place])
	default:
		return parquet.Int32Value(n.int32s[n.place])
	}
}
