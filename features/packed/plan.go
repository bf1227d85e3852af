package packed

import (
	"fmt"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// plan says how rows of one schema become rows of the view.
type plan struct {
	schema  Schema
	texts   []text // all string columns of the schema, in order
	runs    []run
	scalars []scalar
	refused error // why no row of this schema can be read
}

// text is one string column.
type text struct {
	at   int            // of its length in a row
	bit  int            // of the null bitmap
	cell *features.Cell // nil if the view does not have the column
	code int            // place of its code in Row.Ints, -1 if its cell has no vocabulary
}

// run is a row of columns, float32 and vectors or all float64, that lie side by
// side in the bytes as in Row.Floats, and have their null bits in one word of
// Row.Nulls.
type run struct {
	wide  bool // float64
	at    int  // offset in a row
	to, n int  // Row.Floats[to:to+n]
	bit   int  // of the null bitmap, for the first column
	cells []features.Cell
}

// scalar is one column that is converted on its own.
type scalar struct {
	at, bit int
	typ     model.Type
	cell    *features.Cell
}

func (v *View) compile(s Schema) *plan {
	p := &plan{schema: s}
	cells := make(map[string]int, len(v.layout.Cells))
	for i := range v.layout.Cells {
		cells[wordOf(v.layout.Cells[i].Name)] = i
	}
	for bit := range s.columns {
		c := &s.columns[bit]
		i, there := cells[c.word]
		switch {
		case !there && c.typ == model.String:
			p.texts = append(p.texts, text{at: c.at, bit: bit, code: -1})
		case !there:
		case !fits(c, &v.layout.Cells[i]):
			cell := &v.layout.Cells[i]
			p.refused = fmt.Errorf(
				"view %s: column %s is %s in features.yaml and %s in rows of schema %08x, which does not become one; give it a new name, "+
					"or write the rows anew", v.name, cell.Name, typeName(cell.Type, cell.Length), typeName(c.typ, c.length), s.id)
			return p
		case c.typ == model.String:
			p.texts = append(p.texts, text{at: c.at, bit: bit, cell: &v.layout.Cells[i], code: v.codes[i]})
		case isFloat(c.typ) && v.layout.Cells[i].Kind == features.FloatCell:
			p.addFloats(c, bit, v.layout.Cells[i:i+1:len(v.layout.Cells)])
		default:
			p.scalars = append(p.scalars, scalar{at: c.at, bit: bit, typ: c.typ, cell: &v.layout.Cells[i]})
		}
	}
	return p
}

// addFloats makes the column, whose cell is the first of cells, part of the last
// run or begins a new one.
func (p *plan) addFloats(c *column, bit int, cells []features.Cell) {
	cell := &cells[0]
	wide := c.typ == model.Float64
	if n := len(p.runs); n > 0 {
		r := &p.runs[n-1]
		first := &r.cells[0]
		k := len(r.cells)
		if r.wide == wide && r.end() == c.at && r.to+r.n == cell.At && first.Bit+k == cell.Bit &&
			first.Bit>>6 == cell.Bit>>6 && r.bit&7+k < 64 {
			r.n += cell.N
			r.cells = r.cells[:k+1]
			return
		}
	}
	p.runs = append(p.runs, run{wide: wide, at: c.at, to: cell.At, n: cell.N, bit: bit, cells: cells})
}

// end is the offset behind the last byte of the run.
func (r *run) end() int {
	if r.wide {
		return r.at + 8*r.n
	}
	return r.at + 4*r.n
}

// fits reports whether values of a column can become values of the cell, each of
// them or those that survive.
func fits(c *column, cell *features.Cell) bool {
	return c.typ == cell.Type && c.length == cell.Length ||
		isNumber(c.typ) && isNumber(cell.Type) && c.length == 0 && cell.Length == 0
}

func isNumber(t model.Type) bool { return isFloat(t) || t == model.Int64 || t == model.Int32 }

func isFloat(t model.Type) bool { return t == model.Float32 || t == model.Float64 }
