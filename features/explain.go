package features

import (
	"slices"
	"strings"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// ExplainItem tells the features of a candidate as the model sees them, each
// distinct column of the signature once: of any candidate of a request that is
// to be explained, whether it has a row, is left out, or was not to be scored at
// all because its score was cached. It is nil if the request was not to be
// explained.
func (r *Rows) ExplainItem(item int32) []rank.Feature {
	if int(item) >= len(r.places) || r.places[item] == 0 {
		return nil
	}
	return r.explain(int(r.places[item]) - 1)
}

func (r *Rows) explain(place int) []rank.Feature {
	out := make([]rank.Feature, 0, len(r.plan.columns))
	for i := range r.plan.columns {
		c := &r.plan.columns[i]
		at := place
		if r.plan.views[c.view].single {
			at = 0
		}
		row := r.views[c.view].rows[at]
		f := rank.Feature{Name: c.String(), Status: r.columnStatus(c, place, at)}
		if c.Missing {
			f.Value, f.Status = row.Null(c.cell.Bit), rank.Present
		} else {
			f.Value = c.cell.value(row)
		}
		out = append(out, f)
	}
	return out
}

// columnStatus is the status of one column, where viewRows has the row's.
func (r *Rows) columnStatus(c *reading, place, at int) rank.Status {
	switch c.view {
	case r.plan.context:
		return r.fieldStatus(c, r.query.Request.Context)
	case r.plan.request:
		return r.fieldStatus(c, r.query.Request.Features(r.query.Items[place]))
	}
	v := &r.views[c.view]
	status := v.status[at]
	if status == rank.Missing || status == rank.Errored {
		return status
	}
	if v.rows[at].Null(c.cell.Bit) {
		return rank.NullValue
	}
	if status == rank.NullValue { // another column of the row
		return rank.Present
	}
	return status
}

// fieldStatus looks at the field that came with the request once more.
func (r *Rows) fieldStatus(c *reading, fields []rank.Field) rank.Status {
	p := &r.plan.views[c.view]
	found := make([]int32, len(p.names.names))
	p.names.match(fields, 0, found)
	at := found[c.cell.Bit]
	if at < 0 {
		return rank.Missing
	}
	if fields[at].Value.Kind == rank.Null {
		return rank.NullValue
	}
	row := p.constants.clone()
	if c.cell.setValue(&row, &fields[at].Value, r.query.Request.Floats) != Fits {
		return rank.Errored
	}
	return rank.Present
}

// value is the column's value in row, free of the memory of Rows.
func (c *Cell) value(row *Row) any {
	switch {
	case c.Length > 0:
		return slices.Clone(row.Floats[c.At : c.At+c.N])
	case c.Type == model.String:
		return shown(row.Strings[c.At])
	case c.Type == model.Bool:
		return row.Ints[c.At] != 0
	case c.Kind == IntCell:
		return row.Ints[c.At]
	default:
		return row.Floats[c.At]
	}
}

// shown cuts a long string. The one string of a context is a value of every
// candidate, so explaining it in full could make an answer thousands of times
// as large as its request.
func shown(s string) string {
	const longest = 256
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}
