package features

import (
	"unsafe"

	"github.com/rankgate/rankgate/model"
)

// Write copies rows [from, to) into t, row from to row at. The inputs that are
// filled once per request go to slot request, and a row index says request. t's
// Inputs are those of a signature that the plan was compiled for. Strings
// written to t refer to the request's memory or to a snapshot.
func (r *Rows) Write(t *model.Tensors, from, to, at, request int) {
	if from >= to {
		return
	}
	feeds := r.plan.feeds
	if t.Apart {
		feeds = r.plan.apart
	}
	for i := range feeds {
		f, b := &feeds[i], &t.Inputs[i]
		switch {
		case f.part:
			r.fillPart(f, b.Part, from, to, at)
		case f.rowIndex:
			index := b.Int64[at : at+to-from]
			for j := range index {
				index[j] = int64(request)
			}
		case f.single:
			r.fill(f, b, 0, 1, request)
		default:
			r.fill(f, b, from, to, at)
		}
	}
}

// fillPart writes what is known of rows, and the columns of the others.
func (r *Rows) fillPart(f *feed, part *model.Part, from, to, at int) {
	view := &r.views[f.segments[0].view]
	rows := view.rows[from:to]
	part.Fill(at, unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(unsafe.SliceData(rows))), len(rows)), view.edition)
	for i := range rows {
		if part.Lacks(at + i) {
			r.fill(f, &part.Columns, from+i, from+i+1, at+i)
		}
	}
}

func (r *Rows) fill(f *feed, b *model.Buffer, from, to, at int) {
	for i := range f.segments {
		s := &f.segments[i]
		w := writer{segment: s, rows: r.views[s.view].rows, width: b.Width, at: at*b.Width + s.to, from: from, to: to}
		w.single = r.plan.views[s.view].single
		switch f.into {
		case model.Float32:
			w.float32s(b.Float32)
		case model.Float64:
			writeNumbers(&w, b.Float64)
		case model.Float16:
			w.float16s(b.Float16)
		case model.Int64:
			w.int64s(b.Int64)
		case model.Int32:
			w.int32s(b.Int32)
		case model.Bool:
			w.bools(b.Bool)
		default:
			w.strs(b.String)
		}
	}
}

// writer puts one segment of many rows into one input: rows[from:to], or
// rows[0] each time if the view has a single row, to elements at, at+width and so on.
type writer struct {
	*segment
	rows     []*Row
	single   bool
	width    int
	at       int
	from, to int
}

func (w *writer) row(i int) *Row {
	if w.single {
		return w.rows[0]
	}
	return w.rows[i]
}

// float32s is the fast path: floats into floats are copied as they lie.
func (w *writer) float32s(dst []float32) {
	if w.kind != floats {
		writeNumbers(w, dst)
		return
	}
	at, n := w.at, w.n
	if w.single {
		source := w.rows[0].Floats[w.segment.from : w.segment.from+n]
		for range w.to - w.from {
			copy(dst[at:at+n], source)
			at += w.width
		}
		return
	}
	for _, row := range w.rows[w.from:w.to] {
		copy(dst[at:at+n], row.Floats[w.segment.from:w.segment.from+n])
		at += w.width
	}
}

func (w *writer) int64s(dst []int64) {
	if w.kind != ints {
		writeNumbers(w, dst)
		return
	}
	at, n := w.at, w.n
	for i := w.from; i < w.to; i++ {
		copy(dst[at:at+n], w.row(i).Ints[w.segment.from:w.segment.from+n])
		at += w.width
	}
}

// int32s clamps what does not fit, so that a huge count stays huge.
func (w *writer) int32s(dst []int32) {
	if w.kind != ints {
		writeNumbers(w, dst)
		return
	}
	at, n := w.at, w.n
	for i := w.from; i < w.to; i++ {
		for j, v := range w.row(i).Ints[w.segment.from : w.segment.from+n] {
			dst[at+j] = int32(min(max(v, -1<<31), 1<<31-1))
		}
		at += w.width
	}
}

func (w *writer) float16s(dst []uint16) {
	at, n := w.at, w.n
	for i := w.from; i < w.to; i++ {
		row := w.row(i)
		switch w.kind {
		case floats:
			for j, v := range row.Floats[w.segment.from : w.segment.from+n] {
				dst[at+j] = model.FloatToHalf(v)
			}
		case ints:
			for j, v := range row.Ints[w.segment.from : w.segment.from+n] {
				dst[at+j] = model.FloatToHalf(float32(v))
			}
		default:
			dst[at] = model.FloatToHalf(flag[float32](row, w.segment.from))
		}
		at += w.width
	}
}

func (w *writer) bools(dst []bool) {
	at, n := w.at, w.n
	for i := w.from; i < w.to; i++ {
		row := w.row(i)
		if w.kind == flags {
			dst[at] = row.Null(w.segment.from)
		} else {
			for j, v := range row.Ints[w.segment.from : w.segment.from+n] {
				dst[at+j] = v != 0
			}
		}
		at += w.width
	}
}

func (w *writer) strs(dst []string) {
	at, n := w.at, w.n
	for i := w.from; i < w.to; i++ {
		copy(dst[at:at+n], w.row(i).Strings[w.segment.from:w.segment.from+n])
		at += w.width
	}
}

type number interface {
	float32 | float64 | int64 | int32
}

// writeNumbers converts element by element.
func writeNumbers[D number](w *writer, dst []D) {
	at, n := w.at, w.n
	for i := w.from; i < w.to; i++ {
		row := w.row(i)
		switch w.kind {
		case floats:
			for j, v := range row.Floats[w.segment.from : w.segment.from+n] {
				dst[at+j] = D(v)
			}
		case ints:
			for j, v := range row.Ints[w.segment.from : w.segment.from+n] {
				dst[at+j] = D(v)
			}
		default:
			dst[at] = flag[D](row, w.segment.from)
		}
		at += w.width
	}
}

// flag is 1 where a default stands in for the column with that bit.
func flag[D number](row *Row, bit int) D {
	if row.Null(bit) {
		return 1
	}
	return 0
}
