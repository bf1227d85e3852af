package features

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/rankgate/rankgate/rank"
)

// Baseline is what the defaults mean and most_frequent stand for where the rows
// of a view are in a remote store. It is learnt while they are written there,
// and read from a file by whoever serves them. Nil knows nothing.
type Baseline struct {
	Views map[string]ViewBaseline
}

// ViewBaseline is the part of a Baseline that was learnt from one view.
type ViewBaseline struct {
	Rows    int64 // learnt from
	Columns map[string]ColumnBaseline
}

// ColumnBaseline is what was learnt from one column. Its values stand for rows
// that have one; those that are null are only counted.
type ColumnBaseline struct {
	Nulls int64

	// Mean is of a column whose default is the mean: one number, or one per
	// element of a vector. Nil otherwise.
	Mean []float64

	// MostFrequent is of a column whose default is the most frequent value: a
	// string, a bool or a json.Number. Nil otherwise.
	MostFrequent any
}

// Missing returns the row that stands in for one that a view lacks: every column
// is null and holds its default. It is what a Memory store would use if its
// rows were those that b was learnt from. The error names the first column whose
// default has to be learnt and that b does not hold, or holds as something else.
func (b *Baseline) Missing(view *View, layout *Layout) (Row, error) {
	missing := layout.constants()
	for i := range layout.Cells {
		c := &layout.Cells[i]
		if c.Default.Kind == Constant {
			continue
		}
		if err := b.set(&missing, view, c); err != nil {
			return Row{}, rank.FieldError{Path: "views." + view.Name + ".columns." + c.Name + ".default", Message: err.Error()}
		}
	}
	for i := range layout.Cells {
		missing.Nulls[i>>6] |= 1 << (i & 63)
	}
	return missing, nil
}

func (b *Baseline) set(row *Row, view *View, c *Cell) error {
	var of ColumnBaseline
	if b != nil {
		of = b.Views[view.Name].Columns[c.Name]
	}
	var problem Problem
	var value any
	switch {
	case c.Default.Kind == Mean && of.Mean == nil:
		return errors.New("mean: the baseline does not have it; `gateway materialize --baseline` writes one, features.baseline names it")
	case c.Default.Kind == Mean:
		problem, value = c.setMean(row, of.Mean), of.Mean
	case of.MostFrequent == nil:
		return errors.New("most_frequent: the baseline does not have it; " +
			"`gateway materialize --baseline` writes one, features.baseline names it")
	default:
		problem, value = c.setLearnt(row, of.MostFrequent), of.MostFrequent
	}
	if problem != Fits {
		return fmt.Errorf("the baseline's %s %s; the column is %s", clip(fmt.Sprint(value)), problem, typeName(c.Column))
	}
	return nil
}

// setMean stores the mean of a column's values.
func (c *Cell) setMean(row *Row, mean []float64) Problem {
	if len(mean) != c.N {
		return wrongLength
	}
	if c.Kind == IntCell {
		if _, p := integral(math.Trunc(mean[0]), c.Type); p != Fits && mean[0] != 0x1p63 {
			return p
		}
		row.Ints[c.At] = roundInt(mean[0], c.Type)
		return Fits
	}
	for j, m := range mean {
		f := float32(m)
		if !finite(f) {
			return NotFinite
		}
		row.Floats[c.At+j] = f
	}
	return Fits
}

// setLearnt stores the most frequent of a column's values.
func (c *Cell) setLearnt(row *Row, value any) Problem {
	switch v := value.(type) {
	case string:
		return c.SetString(row, v)
	case bool:
		return c.SetBool(row, v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return c.SetInt(row, i)
		}
		if f, err := v.Float64(); err == nil {
			return c.SetFloat(row, f)
		}
	}
	return wrongKind
}
