package redis

import (
	"strings"
	"time"

	"github.com/rankgate/rankgate/features"
)

// missing are the rows of one request that are not kept here.
type missing struct {
	places []place
}

// place is one row of a look-up.
type place struct {
	view   *view
	lookup *features.Lookup
	at     int    // in lookup.Rows
	hash   uint64 // of whom the row is about, if the view keeps rows
	flight *flight
}

func (m *missing) add(v *view, at int, hash uint64, l *features.Lookup) {
	if m.places == nil {
		m.places = make([]place, 0, len(l.Rows))
	}
	m.places = append(m.places, place{view: v, lookup: l, at: at, hash: hash})
}

// addAll adds every row of a view that keeps none.
func (m *missing) addAll(v *view, l *features.Lookup) {
	for at := range l.Rows {
		m.add(v, at, 0, l)
	}
}

// flight is one row on its way. What it brings is written by the goroutine of
// its fetch before done is closed, and read by others only after that.
type flight struct {
	view       *view
	user, item string
	hash       uint64
	epoch      uint64
	registered bool  // others may have joined it
	asked      int64 // on the clock of the view's kept rows
	done       <-chan struct{}

	row  *features.Row
	mark features.Mark
}

// fetch is what one request has begun to ask over one link, in one round trip.
type fetch struct {
	link    *link
	flights []flight
	done    chan struct{}
}

// claim begins a flight for every place that nobody fetches yet, and joins the
// others. It returns what is left to ask.
func (m *missing) claim(q *features.Query, now time.Time) []*fetch {
	var fetches []*fetch
	for i := range m.places {
		p := &m.places[i]
		user, item := p.view.ids(q, p.at)
		begin := func() *flight {
			f := m.fetchOver(p.view.link, &fetches)
			f.flights = append(f.flights, flight{
				view: p.view, user: strings.Clone(user), item: strings.Clone(item), hash: p.hash, done: f.done, mark: features.Failed,
			})
			return &f.flights[len(f.flights)-1]
		}
		if p.view.kept == nil {
			p.flight = begin()
			continue
		}
		p.flight = p.view.kept.join(p.hash, user, item, now, begin)
	}
	return fetches
}

// fetchOver returns the fetch over a link, a new one if there is none yet. Its
// flights have room for all places, so that a pointer to one stays good.
func (m *missing) fetchOver(l *link, fetches *[]*fetch) *fetch {
	for _, f := range *fetches {
		if f.link == l {
			return f
		}
	}
	f := &fetch{link: l, flights: make([]flight, 0, len(m.places)), done: make(chan struct{})}
	*fetches = append(*fetches, f)
	return f
}

// finish ends every flight of f and wakes those who wait.
func (f *fetch) finish() {
	for i := range f.flights {
		if own := &f.flights[i]; own.registered {
			own.view.kept.land(own)
		}
	}
	close(f.done)
}

func (f *fetch) failed() (n uint64) {
	for i := range f.flights {
		if f.flights[i].mark == features.Failed {
			n++
		}
	}
	return n
}

// collect waits for the flights until the timer fires and fills in what they
// brought.
func (m *missing) collect(q *features.Query, timer <-chan time.Time, now time.Time) {
	expired := false
	for i := range m.places {
		p := &m.places[i]
		if !expired {
			select {
			case <-p.flight.done:
			case <-timer:
				expired = true
			}
		}
		if expired && !p.flight.landed() {
			p.stand(q, now)
			continue
		}
		if p.flight.mark != features.Sound {
			p.stand(q, now)
			continue
		}
		p.lookup.Rows[p.at] = p.flight.row
		p.note(p.flight.asked)
	}
}

func (f *flight) landed() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// note says how old the row is, if nothing would tell of a change since.
func (p *place) note(read int64) {
	if p.view.kept == nil || p.view.link.tracks() {
		return
	}
	at := p.view.kept.start.Add(time.Duration(read))
	if p.lookup.AsOf.IsZero() || at.Before(p.lookup.AsOf) {
		p.lookup.AsOf = at
	}
}

// fail answers every place without asking the server.
func (m *missing) fail(q *features.Query, now time.Time) {
	for i := range m.places {
		m.places[i].stand(q, now)
	}
}

// stand fills in what stands in for a row that can't be had now.
func (p *place) stand(q *features.Query, now time.Time) {
	p.lookup.Marks[p.at] = features.Failed
	k := p.view.kept
	if k == nil {
		return
	}
	user, item := p.view.ids(q, p.at)
	if row, ok := k.lastKnown(p.hash, user, item, k.clock(now)); ok {
		k.stale.Add(1)
		p.lookup.Rows[p.at], p.lookup.Marks[p.at] = row, features.LastKnown
	}
}
