package features

import "slices"

// Row is the decoded features of one entity, or of one pair, in one view. It is
// immutable once published, so any number of requests read it without a lock.
//
// Values lie flat in the order of the view's columns, each in the slice of its
// kind; a null cell already holds its column's default.
type Row struct {
	Time    int64     // event time, Unix milliseconds; 0 means that it is not known
	Floats  []float32 // float32 and float64 scalars, and vectors
	Ints    []int64   // int64, int32, bool as 0 or 1, and vocabulary codes of string columns
	Nulls   []uint64  // bit c: column c is null; nil when no column is
	Strings []string  // string columns
}

// Null reports whether column c of the view has no value of its own.
func (r *Row) Null(c int) bool {
	return len(r.Nulls) > 0 && r.Nulls[c>>6]&(1<<(c&63)) != 0
}

func (r *Row) hasNulls() bool {
	return slices.ContainsFunc(r.Nulls, func(w uint64) bool { return w != 0 })
}

func (r *Row) clone() Row {
	return Row{
		Time: r.Time, Floats: slices.Clone(r.Floats), Ints: slices.Clone(r.Ints),
		Nulls: slices.Clone(r.Nulls), Strings: slices.Clone(r.Strings),
	}
}
