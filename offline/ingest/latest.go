package ingest

import (
	"cmp"

	"github.com/rankgate/rankgate/features"
)

// latest gathers the rows of one batch: per view, of each entity the latest.
type latest struct {
	views      []gathered // by Registry.Views
	superseded uint64
}

type gathered struct {
	records []features.Record
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
		clear(l.views[i].records)
		l.views[i].records = l.views[i].records[:0]
		clear(l.views[i].at)
	}
	l.superseded = 0
}

// add takes an event unless there is a newer one. Of two of one event time and
// one created time the one that came later counts.
func (l *latest) add(e *Event) {
	g := &l.views[e.View]
	key := entity{e.Record.User, e.Record.Item}
	i, twice := g.at[key]
	if !twice {
		g.at[key] = len(g.records)
		g.records = append(g.records, e.Record)
		return
	}
	l.superseded++
	kept := &g.records[i]
	if cmp.Or(cmp.Compare(e.Record.Row.Time, kept.Row.Time), cmp.Compare(e.Record.Created, kept.Created)) >= 0 {
		*kept = e.Record
	}
}
