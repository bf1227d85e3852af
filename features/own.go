package features

import "github.com/rankgate/rankgate/rank"

// ownRows are rows of one request alone, in memory that is used again for the next
// one.
type ownRows struct {
	rows    []Row
	floats  []float32
	ints    []int64
	strings []string
	nulls   []uint64
}

func (o *ownRows) start(n int, l *Layout) {
	o.rows = resize(o.rows, n)
	o.floats = resize(o.floats, n*l.floats)
	o.ints = resize(o.ints, n*l.ints)
	o.strings = resize(o.strings, n*l.strings)
	o.nulls = resize(o.nulls, n*l.words)
}

// place gives row i its memory, which holds anything, and returns it.
func (o *ownRows) place(i int, l *Layout) *Row {
	row := &o.rows[i]
	*row = Row{
		Floats:  o.floats[i*l.floats : (i+1)*l.floats],
		Ints:    o.ints[i*l.ints : (i+1)*l.ints],
		Strings: o.strings[i*l.strings : (i+1)*l.strings],
		Nulls:   o.nulls[i*l.words : (i+1)*l.words],
	}
	return row
}

// row makes row i the constants of v and returns it.
func (o *ownRows) row(i int, v *planView) *Row {
	row := o.place(i, v.layout)
	copy(row.Floats, v.constants.Floats)
	copy(row.Ints, v.constants.Ints)
	copy(row.Strings, v.constants.Strings)
	copy(row.Nulls, v.constants.Nulls)
	return row
}

// reset lets go of the request's strings.
func (o *ownRows) reset() {
	clear(o.strings)
	o.rows, o.strings = o.rows[:0], o.strings[:0]
}

// readContext makes the row of the context. A router checks the context before
// it fetches; one that does not fit counts as an error and its constants stand in.
func (r *Rows) readContext() {
	i := r.plan.context
	p, v := &r.plan.views[i], &r.views[i]
	r.context.start(1, p.layout)
	r.found = resize(r.found, len(p.names.names))
	row := r.context.row(0, p)
	v.rows[0] = row
	v.status[0], _ = p.own(row, r.query.Request, r.query.Request.Context, r.found)
}

// readItems makes the rows of the items' own fields, and leaves out the
// candidates whose fields are broken.
func (r *Rows) readItems() {
	i := r.plan.request
	p, v, req := &r.plan.views[i], &r.views[i], r.query.Request
	r.items.start(len(r.query.Items), p.layout)
	r.found = resize(r.found, len(p.names.names))
	for j, item := range r.query.Items {
		row := r.items.row(j, p)
		status, ok := p.own(row, req, req.Features(item), r.found)
		v.rows[j], v.status[j] = row, status
		if !ok {
			r.out[j], r.anyOut = true, true
		}
	}
}

// own fills row, which holds the constants of v, with the fields that came with
// the request. If one does not fit, its column keeps the constant and ok is
// false; so it is when a required one is absent or null.
func (v *planView) own(row *Row, req *rank.Request, fields []rank.Field, found []int32) (status rank.Status, ok bool) {
	v.names.match(fields, 0, found)
	status, ok = rank.Present, true
	for i := range v.layout.Cells {
		c := &v.layout.Cells[i]
		at := found[i]
		switch {
		case at < 0:
			status = worse(status, rank.Missing)
		case fields[at].Value.Kind == rank.Null:
			status = worse(status, rank.NullValue)
		default:
			if c.setValue(row, &fields[at].Value, req.Floats) != Fits {
				status, ok = rank.Errored, false
			}
			continue
		}
		ok = ok && !c.Required
	}
	return status, ok
}

// worse returns the status under which a row counts that has columns of both;
// see ViewStats.
func worse(a, b rank.Status) rank.Status {
	if a == rank.Errored || a == rank.Missing {
		return a
	}
	return b
}
