package features

import (
	"math"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Layout says where each column of a view lies in a Row. It follows from the
// columns alone, so every store and every plan of a Registry agree on it.
type Layout struct {
	Cells   []Cell
	floats  int // elements of Row.Floats
	ints    int // elements of Row.Ints
	strings int // elements of Row.Strings
	words   int // elements of Row.Nulls when a column is null
}

// Cell is the place of one column in a Row.
type Cell struct {
	*Column
	Bit   int // in Row.Nulls
	Kind  CellKind
	At, N int // kind's slice [at:at+n]
	code  int // string column with a vocabulary: place of the code in Row.Ints
	codes map[string]int64
}

// CellKind is the slice of a Row in which a column's values lie.
type CellKind uint8

const (
	FloatCell CellKind = iota
	IntCell
	StringCell
)

// LayoutOf lays out the given columns, which must stay as they are.
func LayoutOf(columns []Column) *Layout {
	l := &Layout{Cells: make([]Cell, len(columns)), words: (len(columns) + 63) / 64}
	for i := range columns {
		c := Cell{Column: &columns[i], Bit: i, N: max(columns[i].Length, 1)}
		switch c.Type {
		case model.String:
			c.Kind, c.At = StringCell, l.strings
			l.strings++
			if c.Vocabulary != nil {
				c.code, c.codes = l.ints, codesOf(c.Vocabulary)
				l.ints++
			}
		case model.Int64, model.Int32, model.Bool:
			c.Kind, c.At = IntCell, l.ints
			l.ints++
		default:
			c.Kind, c.At = FloatCell, l.floats
			l.floats += c.N
		}
		l.Cells[i] = c
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

// NewRow returns a row in which every column is null and every value zero, for
// the set methods of its cells and then Finish.
func (l *Layout) NewRow() Row { return l.NewRows(1)[0] }

// NewRows returns n such rows that share their memory, which is kept as long as
// any of them.
func (l *Layout) NewRows(n int) []Row {
	rows := make([]Row, n)
	floats, ints := make([]float32, n*l.floats), make([]int64, n*l.ints)
	strings, nulls := make([]string, n*l.strings), make([]uint64, n*l.words)
	for i := range rows {
		rows[i] = Row{
			Floats:  floats[i*l.floats : (i+1)*l.floats : (i+1)*l.floats],
			Ints:    ints[i*l.ints : (i+1)*l.ints : (i+1)*l.ints],
			Strings: strings[i*l.strings : (i+1)*l.strings : (i+1)*l.strings],
			Nulls:   nulls[i*l.words : (i+1)*l.words : (i+1)*l.words],
		}
		l.setNulls(&rows[i])
	}
	return rows
}

// Floats is how many floats a row has.
func (l *Layout) Floats() int { return l.floats }

// NewRowAt makes row one that NewRow would return, but that its floats lie in the
// memory that is given for them, which must be zero.
func (l *Layout) NewRowAt(row *Row, floats []float32) {
	*row = Row{Floats: floats[:l.floats], Ints: make([]int64, l.ints), Strings: make([]string, l.strings), Nulls: make([]uint64, l.words)}
	l.setNulls(row)
}

// setNulls makes every column null.
func (l *Layout) setNulls(row *Row) {
	for w := range row.Nulls {
		row.Nulls[w] = ^uint64(0)
	}
	if rest := len(l.Cells) & 63; rest > 0 {
		row.Nulls[l.words-1] = 1<<rest - 1
	}
}

// Finish ends the making of a row: its null cells take the values that missing
// has there, and a row without nulls drops its bit set.
func (l *Layout) Finish(row, missing *Row) {
	if !row.hasNulls() {
		row.Nulls = nil
		return
	}
	for i := range l.Cells {
		c := &l.Cells[i]
		if !row.Null(c.Bit) {
			continue
		}
		switch c.Kind {
		case FloatCell:
			copy(row.Floats[c.At:c.At+c.N], missing.Floats[c.At:])
		case IntCell:
			row.Ints[c.At] = missing.Ints[c.At]
		case StringCell:
			row.Strings[c.At] = missing.Strings[c.At]
			if c.codes != nil {
				row.Ints[c.code] = missing.Ints[c.code]
			}
		}
	}
}

// constants is a row in which every column is null and holds its constant
// default, or zero where the default has to be learnt from data.
func (l *Layout) constants() Row {
	row := l.NewRow()
	for i := range l.Cells {
		c := &l.Cells[i]
		if c.Default.Kind == Constant {
			c.setDefault(&row)
		}
	}
	for i := range l.Cells {
		row.Nulls[i>>6] |= 1 << (i & 63)
	}
	return row
}

// setDefault stores the column's constant.
func (c *Cell) setDefault(row *Row) {
	switch {
	case c.Length > 0:
		copy(row.Floats[c.At:c.At+c.N], c.Default.Vector)
	case c.Kind == FloatCell:
		row.Floats[c.At] = float32(c.Default.Number)
	case c.Kind == IntCell:
		row.Ints[c.At] = int64(c.Default.Number)
	default:
		c.SetString(row, c.Default.String)
	}
}

// The set methods store a value of a row that is still being made and clear
// its null bit, or say why the value does not fit and change nothing. Each
// takes what one kind of source value is; a column takes its own kind, and a
// number where the value survives.

// SetInt stores a whole number.
func (c *Cell) SetInt(row *Row, v int64) Problem {
	switch c.Type {
	case model.Float32, model.Float64:
		if c.Length > 0 {
			return wrongKind
		}
		row.Floats[c.At] = float32(v)
	case model.Int32:
		if v != int64(int32(v)) {
			return outOfRange
		}
		row.Ints[c.At] = v
	case model.Int64:
		row.Ints[c.At] = v
	default:
		return wrongKind
	}
	return c.present(row)
}

// SetFloat stores a number.
func (c *Cell) SetFloat(row *Row, v float64) Problem {
	switch c.Type {
	case model.Float32, model.Float64:
		if c.Length > 0 {
			return wrongKind
		}
		f := float32(v)
		if !finite(f) {
			return NotFinite
		}
		row.Floats[c.At] = f
	case model.Int64, model.Int32:
		i, p := integral(v, c.Type)
		if p != Fits {
			return p
		}
		row.Ints[c.At] = i
	default:
		return wrongKind
	}
	return c.present(row)
}

// SetBool stores a truth value.
func (c *Cell) SetBool(row *Row, v bool) Problem {
	if c.Type != model.Bool {
		return wrongKind
	}
	row.Ints[c.At] = 0
	if v {
		row.Ints[c.At] = 1
	}
	return c.present(row)
}

// SetString keeps v, so its memory must live as long as the row.
func (c *Cell) SetString(row *Row, v string) Problem {
	if c.Type != model.String {
		return wrongKind
	}
	row.Strings[c.At] = v
	if c.codes != nil {
		row.Ints[c.code] = c.codes[v]
	}
	return c.present(row)
}

// SetVector stores a copy of a vector.
func (c *Cell) SetVector(row *Row, v []float32) Problem {
	if c.Length == 0 {
		return wrongKind
	}
	if len(v) != c.Length {
		return wrongLength
	}
	for _, f := range v {
		if !finite(f) {
			return NotFinite
		}
	}
	copy(row.Floats[c.At:c.At+c.N], v)
	return c.present(row)
}

// setValue stores a value that came with a request. A null is not a value.
func (c *Cell) setValue(row *Row, v *rank.Value, floats []float32) Problem {
	switch v.Kind {
	case rank.Null:
		return Fits
	case rank.Bool:
		return c.SetBool(row, v.Int != 0)
	case rank.Int:
		return c.SetInt(row, v.Int)
	case rank.Float:
		return c.SetFloat(row, v.Float)
	case rank.String:
		return c.SetString(row, v.Str)
	case rank.Vector:
		return c.SetVector(row, floats[v.From:v.To])
	default:
		return wrongKind
	}
}

func (c *Cell) present(row *Row) Problem {
	row.Nulls[c.Bit>>6] &^= 1 << (c.Bit & 63)
	return Fits
}

// integral returns v as a whole number of type t.
func integral(v float64, t model.Type) (int64, Problem) {
	lowest, beyond := -0x1p63, 0x1p63
	if t == model.Int32 {
		lowest, beyond = -0x1p31, 0x1p31
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, NotFinite
	case v != math.Trunc(v):
		return 0, notWhole
	case v < lowest || v >= beyond:
		return 0, outOfRange
	default:
		return int64(v), Fits
	}
}

// Problem says why a value does not fit its column. It is a code and not an
// error because a hostile request may hold thousands of them.
type Problem uint8

// Fits and NotFinite are the problems that callers tell apart: a value that is
// not finite counts as null.
const (
	Fits Problem = iota
	wrongKind
	notWhole
	outOfRange
	NotFinite
	wrongLength
)

var problemWords = [...]string{
	"fits", "is of another type", "is not a whole number", "is out of range", "is not finite", "has another length",
}

func (p Problem) String() string { return problemWords[p] }
