package redis

import (
	"errors"
	"slices"
	"sync"
	"time"
	"unsafe"

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
	m.places = append(m.places, place{view: v, lookup: l, at: at, hash: hash})
}

// maxPlaces bounds the places for which memory is kept.
const maxPlaces = 1 << 14

// reset lets go of the request.
func (m *missing) reset() {
	clear(m.places)
	if m.places = m.places[:0]; cap(m.places) > maxPlaces {
		m.places = nil
	}
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
	view     *view
	from, to int32 // its key is fetch.keys[from:to]; empty if the ids can name no row
	done     <-chan struct{}
	wanted   *wanted       // nil if the view keeps no rows
	into     *features.Row // the request's own memory to decode into; nil if the view keeps rows
	row      *features.Row
	mark     features.Mark
}

// wanted is what others need to join a flight, and what becomes of its row.
type wanted struct {
	hash       uint64
	user, item string
	epoch      uint64
	asked      int64    // on the clock of the view's kept rows
	keep       *keptRow // once there is memory to decode into
}

// fetch is what one request has begun to ask over one link, in one round trip.
type fetch struct {
	link    *link
	flights []flight
	keys    []byte   // of all flights, one after the other
	names   []string // views of keys, by flight
	order   []int    // see all
	done    chan struct{}
	shared  bool // others may have joined a flight of it
	lent    bool // a client that has failed may still read keys
}

// claim begins a flight for every place that nobody fetches yet, and joins the
// others. It returns what is left to ask.
func (m *missing) claim(q *features.Query, now time.Time, pool *sync.Pool) []*fetch {
	var fetches []*fetch
	for i := range m.places {
		p := &m.places[i]
		f := m.fetchOver(p.view.link, &fetches, pool)
		user, item := p.view.ids(q, p.at)
		p.flight = f.next(p)
		if k := p.view.kept; k != nil {
			other, landed := k.join(p.flight, p.hash, user, item, now)
			if landed != nil {
				p.take(landed.row, landed.read)
				p.flight = nil
				continue
			}
			if other != nil {
				p.flight = other
				continue
			}
			f.shared = true
		}
		f.begin(p.flight, user, item)
	}
	return slices.DeleteFunc(fetches, func(f *fetch) bool {
		if len(f.flights) > 0 {
			return false
		}
		if cap(f.flights) <= maxPlaces { // all was joined, and nobody looks at it
			f.empty()
			pool.Put(f)
		}
		return true
	})
}

// prepare gives the flights of views that keep no rows memory of their request's
// own. Those of a view come one after the other.
func (f *fetch) prepare(own *features.Slab) {
	var rows []features.Row // of the view at hand that are left
	for i := range f.flights {
		next := &f.flights[i]
		if next.view.kept != nil {
			continue
		}
		if len(rows) == 0 {
			rows = own.Rows(next.view.layout, f.run(i))
		}
		next.into, rows = &rows[0], rows[1:]
	}
}

// run is how many flights from the given one on are of one view.
func (f *fetch) run(from int) int {
	n := 1
	for from+n < len(f.flights) && f.flights[from+n].view == f.flights[from].view {
		n++
	}
	return n
}

// blank is the row to decode into.
func (f *flight) blank() *features.Row {
	if f.into != nil {
		return f.into
	}
	f.wanted.keep = newKeptRow(f.view.layout)
	return f.wanted.keep.row
}

// fetchOver returns the fetch over a link, one of the pool if there is none yet.
// Its flights have room for all places, so that a pointer to one stays good.
func (m *missing) fetchOver(l *link, fetches *[]*fetch, pool *sync.Pool) *fetch {
	for _, f := range *fetches {
		if f.link == l {
			return f
		}
	}
	f := pool.Get().(*fetch)
	f.link, f.done = l, make(chan struct{})
	f.flights = slices.Grow(f.flights, len(m.places))
	f.keys = slices.Grow(f.keys, len(m.places)*usualKey)
	*fetches = append(*fetches, f)
	return f
}

// ours reports, once its request has collected f, whether nobody else can still
// look at it, and readies it for another request.
func (f *fetch) ours() bool {
	if !f.landed() || f.shared || f.lent || cap(f.flights) > maxPlaces {
		return false
	}
	clear(f.flights)
	f.empty()
	return true
}

// empty forgets all but the memory.
func (f *fetch) empty() {
	*f = fetch{flights: f.flights[:0], keys: f.keys[:0], names: f.names[:0], order: f.order}
}

// usualKey is the length of a key for which there is room at once.
const usualKey = 40

// next prepares the flight after those that have begun.
func (f *fetch) next(p *place) *flight {
	n := len(f.flights)
	next := &f.flights[:n+1][n]
	*next = flight{view: p.view, done: f.done, mark: features.Failed}
	return next
}

// begin adds the flight that next has prepared.
func (f *fetch) begin(next *flight, user, item string) {
	f.flights = f.flights[:len(f.flights)+1]
	next.from = int32(len(f.keys))
	if keys, err := next.view.codec.AppendKey(f.keys, user, item); err == nil {
		f.keys = keys
	} // else no row can be there, and nobody is asked
	next.to = int32(len(f.keys))
}

// keyStrings returns the key of every flight, valid as long as f is. A client to which
// they were given may read them until it answers.
func (f *fetch) keyStrings() []string {
	all := unsafe.String(unsafe.SliceData(f.keys), len(f.keys))
	f.names = f.names[:0]
	for i := range f.flights {
		f.names = append(f.names, all[f.flights[i].from:f.flights[i].to])
	}
	return f.names
}

// all returns the index of every flight.
func (f *fetch) all() []int {
	for i := len(f.order); i < len(f.flights); i++ {
		f.order = append(f.order, i)
	}
	return f.order[:len(f.flights)]
}

// someKey returns a key of a server that f asks, "" if it asks none.
func (f *fetch) someKey() string {
	all := string(f.keys)
	for i := range f.flights {
		if key := all[f.flights[i].from:f.flights[i].to]; key != "" {
			return key
		}
	}
	return ""
}

// finish ends every flight of f and wakes those who wait.
func (f *fetch) finish() {
	for i := range f.flights {
		if own := &f.flights[i]; own.wanted != nil {
			own.view.kept.land(own)
		}
	}
	close(f.done)
}

// failed counts the rows that err has cost, or a part of them.
func (f *fetch) failed(err error) (n uint64) {
	if damaged, ok := errors.AsType[*damagedError](err); ok {
		return uint64(damaged.rows)
	}
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
	var landed <-chan struct{} // of the last fetch that is known to have ended
	expired := false
	for i := range m.places {
		p := &m.places[i]
		if p.flight == nil {
			continue // filled in already
		}
		if done := p.flight.done; done != landed { // places of one fetch come one after the other
			if !expired {
				select {
				case <-done:
				case <-timer:
					expired = true
				}
			}
			if expired && !p.flight.landed() {
				p.stand(q, now)
				continue
			}
			landed = done
		}
		if p.flight.mark != features.Sound {
			p.stand(q, now)
			continue
		}
		p.land()
	}
}

func (f *flight) landed() bool { return closed(f.done) }

// landed reports whether the goroutine of f is done; past the request's deadline it
// may still be at work.
func (f *fetch) landed() bool { return closed(f.done) }

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// land fills in what the flight has brought.
func (p *place) land() {
	if p.flight.wanted == nil {
		p.lookup.Rows[p.at] = p.flight.row
		return
	}
	p.take(p.flight.row, p.flight.wanted.asked)
}

// take fills in a row, and says how old it is if nothing would tell of a change
// since it was read.
func (p *place) take(row *features.Row, read int64) {
	p.lookup.Rows[p.at] = row
	if p.view.link.tracks() {
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
