package features

import (
	"math"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// layout says where each column of a view lies in a Row. It follows from the
// columns alone, so every store and every plan of a Registry agree on it.
type layout struct {
	cells   []cell
	floats  int // elements of Row.Floats
	ints    int // elements of Row.Ints
	strings int // elements of Row.Strings
	words   int // elements of Row.Nulls when a column is null
}

// cell is the place of one column in a Row.
type cell struct {
	*Column
	bit   int // in Row.Nulls
	kind  cellKind
	at, n int // kind's slice [at:at+n]
	code  int // string column with a vocabulary: place of the code in Row.Ints
	codes map[string]int64
}

type cellKind uint8

const (
	floatCell cellKind = iota
	intCell
	stringCell
)

func layoutOf(columns []Column) *layout {
	l := &layout{cells: make([]cell, len(columns)), words: (len(columns) + 63) / 64}
	for i := range columns {
		c := cell{Column: &columns[i], bit: i, n: max(columns[i].Length, 1)}
		switch c.Type {
		case model.String:
			c.kind, c.at = stringCell, l.strings
			l.strings++
			if c.Vocabulary != nil {
				c.code, c.codes = l.ints, codesOf(c.Vocabulary)
				l.ints++
			}
		case model.Int64, model.Int32, model.Bool:
			c.kind, c.at = intCell, l.ints
			l.ints++
		default:
			c.kind, c.at = floatCell, l.floats
			l.floats += c.n
		}
		l.cells[i] = c
	}
	return l
}

func codesOf(vocabulary []string) map[string]int64 {
	codes := make(map[string]int64, len(vocabulary))
	for i, word := range vocabulary {
		codes[word] = int64(i) + 1
	}
	return codes
}

// constants is a row in which every column is null and holds its constant
// default, or zero where the default has to be learnt from data.
func (l *layout) constants() Row {
	row := Row{
		Floats:  make([]float32, l.floats),
		Ints:    make([]int64, l.ints),
		Strings: make([]string, l.strings),
		Nulls:   make([]uint64, l.words),
	}
	for i := range l.cells {
		c := &l.cells[i]
		if c.Default.Kind == Constant {
			c.setDefault(&row)
		}
	}
	for i := range l.cells {
		row.Nulls[i>>6] |= 1 << (i & 63)
	}
	return row
}

func (c *cell) setDefault(row *Row) {
	switch {
	case c.Length > 0:
		copy(row.Floats[c.at:c.at+c.n], c.Default.Vector)
	case c.kind == floatCell:
		row.Floats[c.at] = float32(c.Default.Number)
	case c.kind == intCell:
		row.Ints[c.at] = int64(c.Default.Number)
	default:
		c.setString(row, c.Default.String)
	}
}

// The set methods store a value of a row that is still being made and clear
// its null bit, or say why the value does not fit and change nothing. Each
// takes what one kind of source value is; a column takes its own kind, and a
// number where the value survives.

func (c *cell) setInt(row *Row, v int64) problem {
	switch c.Type {
	case model.Float32, model.Float64:
		if c.Length > 0 {
			return wrongKind
		}
		row.Floats[c.at] = float32(v)
	case model.Int32:
		if v != int64(int32(v)) {
			return outOfRange
		}
		row.Ints[c.at] = v
	case model.Int64:
		row.Ints[c.at] = v
	default:
		return wrongKind
	}
	return c.present(row)
}

func (c *cell) setFloat(row *Row, v float64) problem {
	switch c.Type {
	case model.Float32, model.Float64:
		if c.Length > 0 {
			return wrongKind
		}
		f := float32(v)
		if !finite(f) {
			return notFinite
		}
		row.Floats[c.at] = f
	case model.Int64, model.Int32:
		i, p := integral(v, c.Type)
		if p != fits {
			return p
		}
		row.Ints[c.at] = i
	default:
		return wrongKind
	}
	return c.present(row)
}

func (c *cell) setBool(row *Row, v bool) problem {
	if c.Type != model.Bool {
		return wrongKind
	}
	row.Ints[c.at] = 0
	if v {
		row.Ints[c.at] = 1
	}
	return c.present(row)
}

// setString keeps v, so its memory must live as long as the row.
func (c *cell) setString(row *Row, v string) problem {
	if c.Type != model.String {
		return wrongKind
	}
	row.Strings[c.at] = v
	if c.codes != nil {
		row.Ints[c.code] = c.codes[v]
	}
	return c.present(row)
}

func (c *cell) setVector(row *Row, v []float32) problem {
	if c.Length == 0 {
		return wrongKind
	}
	if len(v) != c.Length {
		return wrongLength
	}
	for _, f := range v {
		if !finite(f) {
			return notFinite
		}
	}
	copy(row.Floats[c.at:c.at+c.n], v)
	return c.present(row)
}

// setValue stores a value that came with a request. A null is not a value.
func (c *cell) setValue(row *Row, v *rank.Value, floats []float32) problem {
	switch v.Kind {
	case rank.Null:
		return fits
	case rank.Bool:
		return c.setBool(row, v.Int != 0)
	case rank.Int:
		return c.setInt(row, v.Int)
	case rank.Float:
		return c.setFloat(row, v.Float)
	case rank.String:
		return c.setString(row, v.Str)
	case rank.Vector:
		return c.setVector(row, floats[v.From:v.To])
	default:
		return wrongKind
	}
}

func (c *cell) present(row *Row) problem {
	row.Nulls[c.bit>>6] &^= 1 << (c.bit & 63)
	return fits
}

// integral returns v as a whole number of type t.
func integral(v float64, t model.Type) (int64, problem) {
	lowest, beyond := -0x1p63, 0x1p63
	if t == model.Int32 {
		lowest, beyond = -0x1p31, 0x1p31
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, notFinite
	case v != math.Trunc(v):
		return 0, notWhole
	case v < lowest || v >= beyond:
		return 0, outOfRange
	default:
		return int64(v), fits
	}
}

// problem says why a value does not fit its column. It is a code and not an
// error because a hostile request may hold thousands of them.
type problem uint8

const (
	fits problem = iota
	wrongKind
	notWhole
	outOfRange
	notFinite
	wrongLength
)

var problemWords = [...]string{
	"fits", "is of another type", "is not a whole number", "is out of range", "is not finite", "has another length",
}

func (p problem) String() string { return problemWords[p] }
