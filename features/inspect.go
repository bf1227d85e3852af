package features

import (
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Inspection is what a store holds of one entity, or of a pair, in one view.
type Inspection struct {
	View    *View
	Status  rank.Status // of the row: Present, Missing, Stale or Errored
	Time    time.Time   // event time of the row; zero if it has none
	Columns []rank.Feature
}

// Inspect looks up what store holds of user, of item and of the pair of both, in
// every view of reg that is about one of them; an empty id means that it is not
// asked for. Each column has the value that a model would read now, and its
// status: a default where there is no row, or only one that is too old.
func Inspect(store Store, reg *Registry, user, item string, now, deadline time.Time) []Inspection {
	q := &Query{Request: &rank.Request{User: user, Items: []rank.Item{{ID: item}}}, Items: []int32{0}}
	for i := range reg.Views {
		needsUser, needsItem, _ := reg.Views[i].Subject()
		if needsUser && user == "" || needsItem && item == "" {
			continue
		}
		q.Lookups = append(q.Lookups, Lookup{View: i, Rows: make([]*Row, 1), Marks: make([]Mark, 1)})
	}
	if len(q.Lookups) > 0 {
		store.Fetch(q, deadline)
	}
	found := make([]Inspection, len(q.Lookups))
	for i := range q.Lookups {
		l := &q.Lookups[i]
		found[i] = inspect(&reg.Views[l.View], l, now)
	}
	return found
}

func inspect(view *View, l *Lookup, now time.Time) Inspection {
	layout := LayoutOf(view.Columns)
	row := l.Rows[0]
	of := Inspection{View: view, Status: judge(row, l.Marks[0], ageMillis(view.TTL), view.MaxStale.Milliseconds(), now.UnixMilli())}
	if row != nil && row.Time != 0 {
		of.Time = time.UnixMilli(row.Time)
	}
	if row == nil || of.Status == rank.Missing {
		missing := layout.constants()
		if row = l.Default; row == nil {
			row = &missing
		}
	}
	for i := range layout.Cells {
		c := &layout.Cells[i]
		f := rank.Feature{Name: c.Name, Value: c.value(row), Status: of.Status}
		if row.Null(c.Bit) && (of.Status == rank.Present || of.Status == rank.Stale) {
			f.Status = rank.NullValue
		}
		of.Columns = append(of.Columns, f)
	}
	return of
}
