package features

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"

	"github.com/rankgate/rankgate/model"
)

// maxDistinct bounds the different values of a column that are counted at a
// time, and maxDistinctBytes what they take if they are strings.
const (
	maxDistinct      = 1 << 16
	maxDistinctBytes = 32 << 20
)

// Learning gathers a ViewBaseline from the rows of a view as they come, in
// memory that does not grow with their number. A mean is exact. So is a most
// frequent value while no more than 65,536 different ones have been seen; from
// then on each new one that finds no room takes one off every count, and who
// reaches zero leaves (Misra and Gries' summary). The value that is left with
// the highest count is the most frequent if it is ahead of all others by more
// than the 65,536th part of the rows.
//
// An entity that comes twice counts twice. A Learning is for one goroutine.
type Learning struct {
	layout   *Layout
	rows     int64
	nulls    []int64    // by column
	learners []*learner // by column; nil where nothing is learnt
}

// NewLearning returns a Learning that has seen no rows.
func NewLearning(view *View) *Learning {
	l := &Learning{layout: LayoutOf(view.Columns)}
	l.nulls, l.learners = make([]int64, len(view.Columns)), make([]*learner, len(view.Columns))
	for i := range l.layout.Cells {
		l.learners[i] = newLearner(&l.layout.Cells[i], maxDistinct)
	}
	return l
}

// Add learns from rows of the view.
func (l *Learning) Add(records []Record) {
	l.rows += int64(len(records))
	for i := range records {
		row := &records[i].Row
		for c, learner := range l.learners {
			switch {
			case row.Null(c):
				l.nulls[c]++
			case learner != nil:
				learner.add(row)
			}
		}
	}
}

// Baseline returns what has been learnt.
func (l *Learning) Baseline() ViewBaseline {
	out := ViewBaseline{Rows: l.rows, Columns: map[string]ColumnBaseline{}}
	row := l.layout.NewRow()
	for i := range l.layout.Cells {
		c := &l.layout.Cells[i]
		column := ColumnBaseline{Nulls: l.nulls[i]}
		switch c.Default.Kind {
		case Mean:
			column.Mean = l.learners[i].means()
		case MostFrequent:
			l.learners[i].set(&row)
			column.MostFrequent = c.learnt(&row)
		default:
		}
		out.Columns[c.Name] = column
	}
	return out
}

// learnt is the value of a scalar column as a baseline holds it.
func (c *Cell) learnt(row *Row) any {
	switch {
	case c.Kind == StringCell:
		return row.Strings[c.At]
	case c.Type == model.Bool:
		return row.Ints[c.At] != 0
	case c.Kind == IntCell:
		return json.Number(strconv.FormatInt(row.Ints[c.At], 10))
	default:
		return json.Number(strconv.FormatFloat(float64(row.Floats[c.At]), 'g', -1, 32))
	}
}

// learner finds what stands in for one column, from the values of that column.
type learner struct {
	cell    *Cell
	n       int64     // values seen
	sums    []float64 // mean: of each element
	floats  counter[float32]
	ints    counter[int64]
	strings counter[string]
}

// newLearner returns nil for a column whose default is a constant. No more than
// limit different values are counted at a time.
func newLearner(c *Cell, limit int) *learner {
	room := limit
	if limit < math.MaxInt {
		room = maxDistinctBytes
	}
	switch c.Default.Kind {
	case Mean:
		return &learner{cell: c, sums: make([]float64, c.N)}
	case MostFrequent:
		return &learner{
			cell:    c,
			floats:  counter[float32]{counts: map[float32]int64{}, limit: limit},
			ints:    counter[int64]{counts: map[int64]int64{}, limit: limit},
			strings: counter[string]{counts: map[string]int64{}, limit: limit, room: room},
		}
	default:
		return nil
	}
}

// add learns from a row in which the column is not null.
func (l *learner) add(row *Row) {
	l.n++
	c := l.cell
	switch {
	case l.sums != nil && c.Kind == IntCell:
		l.sums[0] += float64(row.Ints[c.At])
	case l.sums != nil:
		for j := range l.sums {
			l.sums[j] += float64(row.Floats[c.At+j])
		}
	case c.Kind == FloatCell:
		l.floats.add(row.Floats[c.At], 0)
	case c.Kind == IntCell:
		l.ints.add(row.Ints[c.At], 0)
	default:
		l.strings.add(row.Strings[c.At], len(row.Strings[c.At]))
	}
}

// set stores in missing what stands in for the column, zero if nothing was seen.
func (l *learner) set(missing *Row) {
	c := l.cell
	switch {
	case l.sums != nil:
		c.setMean(missing, l.means())
	case c.Kind == FloatCell:
		missing.Floats[c.At] = l.floats.most()
	case c.Kind == IntCell:
		missing.Ints[c.At] = l.ints.most()
	default:
		missing.Strings[c.At] = l.strings.most()
		if c.codes != nil {
			missing.Ints[c.code] = c.codes[missing.Strings[c.At]]
		}
	}
}

func (l *learner) means() []float64 {
	means := make([]float64, len(l.sums))
	for j, sum := range l.sums {
		means[j] = sum / float64(max(l.n, 1))
	}
	return means
}

// counter counts the values of a column.
type counter[T cmp.Ordered] struct {
	counts map[T]int64
	limit  int // of len(counts)
	room   int // bytes left for values
}

// add counts a value that takes the given bytes.
func (c *counter[T]) add(v T, size int) {
	n, there := c.counts[v]
	if there || len(c.counts) < c.limit && size <= c.room {
		c.counts[v] = n + 1
		if !there {
			c.room -= size
		}
		return
	}
	for other, n := range c.counts {
		if n > 1 {
			c.counts[other] = n - 1
			continue
		}
		delete(c.counts, other)
		if text, ok := any(other).(string); ok {
			c.room += len(text)
		}
	}
}

// most returns the value that was counted most often; of equals, the smallest.
func (c *counter[T]) most() T {
	var best T
	most := int64(0)
	for v, n := range c.counts {
		if n > most || n == most && v < best {
			best, most = v, n
		}
	}
	return best
}

func roundInt(v float64, t model.Type) int64 {
	if i, p := integral(math.RoundToEven(v), t); p == Fits {
		return i
	}
	return math.MaxInt64 // the mean of values at the very top, rounded up by float64
}
