package ingest

import (
	"cmp"
	"slices"

	"github.com/rankgate/rankgate/features"
)

// latest gathers the rows of one batch: per view, of each entity the latest.
type latest struct {
	views      []gathered // by Registry.Views
	superseded uint64
}

type gathered struct {
	records []features.Record
	from    []int          // which event of the batch each record is
	at      map[entity]int // in records
}

type entity struct{ user, item string }

func newLatest(views int) *latest {
	l := &latest{views: make([]gathered, views)}
	for i := range l.views {
		l.views[i].at = map[entity]int{}
	}
	return l
}

// clear makes room for the next batch.
func (l *latest) clear() {
	for i := range l.views {
		g := &l.views[i]
		clear(g.records)
		g.records, g.from = g.records[:0], g.from[:0]
		clear(g.at)
	}
	l.superseded = 0
}

// add takes event n of the batch unless there is a newer one. Of two of one event
// time and one created time the one that came later counts.
func (l *latest) add(e *Event, n int) {
	g := &l.views[e.View]
	key := entity{e.Record.User, e.Record.Item}
	i, twice := g.at[key]
	if !twice {
		g.at[key] = len(g.records)
		g.records, g.from = append(g.records, e.Record), append(g.from, n)
		return
	}
	l.superseded++
	kept := &g.records[i]
	if cmp.Or(cmp.Compare(e.Record.Row.Time, kept.Row.Time), cmp.Compare(e.Record.Created, kept.Created)) >= 0 {
		*kept, g.from[i] = e.Record, n
	}
}

// without takes a record out, once all are added, and returns the halves of the
// others. They lie where g lay.
func (g *gathered) without(i int) (low, high gathered) {
	records, from := slices.Delete(g.records, i, i+1), slices.Delete(g.from, i, i+1)
	half := len(records) / 2
	return gathered{records: records[:half], from: from[:half]}, gathered{records: records[half:], from: from[half:]}
}
