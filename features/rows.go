package features

import (
	"slices"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Rows holds what one request's candidates need: for each view that the model
// reads the rows found, ready to be written into the memory of a pass. It is
// reusable, and once it has grown a fetch allocates nothing.
//
// Fetch and Reset are for the goroutine that owns it. Between them Write and
// the accessors only read, so several goroutines may write parts of it at a
// time. It refers to the request's memory and must be Reset before that goes.
type Rows struct {
	plan  *Plan
	query Query // Items: the n candidates to be scored, then those left out and those looked up only to be explained
	n     int
	views []viewRows // by Plan.views

	context, items ownRows // rows of what came with the request
	found          []int32 // scratch of fieldNames.match
	out            []bool  // by Query.Items, set while fetching: the candidate is left out
	anyOut         bool
	unsure         []bool // by Query.Items: something could not be read that the candidate needs
	anyUnsure      bool
	asOf           time.Time // see AsOf

	places []int32 // by candidate: place in Query.Items plus 1, 0 if it is not there; empty unless explaining
}

// viewRows are the rows of one view, none nil: one, or one per Query.Items.
type viewRows struct {
	rows   []*Row
	marks  []Mark
	status []rank.Status // by rows: what a row counts as; see ViewStats

	edition uint64 // see Lookup.Edition
}

// Fetch looks up what the given candidates of req need, in one call of store,
// and fills rows with it. now decides which rows are too old; the store has
// until deadline. A request that is to be explained has all its candidates
// looked up.
func (p *Plan) Fetch(store Store, req *rank.Request, items []int32, now, deadline time.Time, rows *Rows) {
	rows.Reset()
	if len(items) == 0 && !req.Explain {
		return
	}
	rows.start(p, req, items)
	if p.context >= 0 {
		rows.readContext()
	}
	if p.request >= 0 {
		rows.readItems()
	}
	if p.stored > 0 {
		store.Fetch(&rows.query, deadline)
		for i := range rows.query.Lookups {
			rows.settle(i, now.UnixMilli())
		}
	}
	for i := range rows.views {
		rows.count(i)
	}
	if rows.anyOut {
		rows.leaveOut()
	}
	if req.Explain {
		rows.indexItems()
	}
}

// Len returns the number of rows that can be scored.
func (r *Rows) Len() int { return r.n }

// Items returns the candidate of each row: the candidates fetched, in their
// order, without those that are left out because one of their own fields is
// broken or a required feature is missing. It is valid until Reset.
func (r *Rows) Items() []int32 { return r.query.Items[:r.n] }

// Unsure reports whether the features of a row are other than a healthy store
// would have given: some could not be read. A score built on them answers this
// request and is good for no other.
func (r *Rows) Unsure(row int) bool { return r.anyUnsure && r.unsure[row] }

// AnyUnsure reports whether any row is Unsure.
func (r *Rows) AnyUnsure() bool { return r.anyUnsure }

// AsOf is when the oldest of the features was read, if that was before Fetch and
// nothing tells of changes since; otherwise it is the zero time.
func (r *Rows) AsOf() time.Time { return r.asOf }

// Reset forgets the rows, so that neither a request nor a snapshot outlives
// its use here, and keeps the memory.
func (r *Rows) Reset() {
	for i := range r.views {
		clear(r.views[i].rows)
	}
	clear(r.query.Lookups)
	r.context.reset()
	r.items.reset()
	r.query.Own.Reset()
	r.query.Request, r.query.Items, r.query.Lookups = nil, r.query.Items[:0], r.query.Lookups[:0]
	r.plan, r.n, r.views, r.places, r.anyOut = nil, 0, r.views[:0], r.places[:0], false
	r.anyUnsure, r.asOf = false, time.Time{}
}

// start sizes everything for a fetch.
func (r *Rows) start(p *Plan, req *rank.Request, items []int32) {
	r.plan, r.n = p, len(items)
	r.query.Request = req
	r.query.Items = append(r.query.Items, items...)
	if req.Explain {
		r.addOthers()
	}
	all := len(r.query.Items)
	r.out = resize(r.out, all)
	clear(r.out)
	r.views = resize(r.views, len(p.views)) // what lies beyond its length was cleared by Reset
	for i := range r.views {
		n := all
		if p.views[i].single {
			n = 1
		}
		v := &r.views[i]
		v.rows, v.status = resize(v.rows, n), resize(v.status, n)
		clear(v.status)
		if i < p.stored {
			v.marks = resize(v.marks, n)
			clear(v.marks)
			r.query.Lookups = append(r.query.Lookups, Lookup{View: p.views[i].index, Rows: v.rows, Marks: v.marks})
		}
	}
}

// addOthers adds the candidates that are not among Query.Items.
func (r *Rows) addOthers() {
	r.indexItems()
	for i := range r.query.Request.Items {
		if r.places[i] == 0 {
			r.query.Items = append(r.query.Items, int32(i))
		}
	}
}

// indexItems notes where each candidate is in Query.Items.
func (r *Rows) indexItems() {
	r.places = resize(r.places, len(r.query.Request.Items))
	clear(r.places)
	for place, item := range r.query.Items {
		r.places[item] = int32(place) + 1
	}
}

// settle gives every candidate a row of stored view i: what the store found,
// or the default where there is nothing or only something too old.
func (r *Rows) settle(i int, now int64) {
	l, v, p := &r.query.Lookups[i], &r.views[i], &r.plan.views[i]
	v.edition = l.Edition
	missing := l.Default
	if missing == nil {
		missing = &p.constants
	}
	if !l.AsOf.IsZero() && (r.asOf.IsZero() || l.AsOf.Before(r.asOf)) {
		r.asOf = l.AsOf
	}
	for j, row := range v.rows {
		sound := l.Marks[j] == Sound
		if row != nil && sound && (p.ttl == 0 || now-row.Time <= p.ttl || row.Time == 0) { // fast path
			if row.Nulls != nil && overlap(row.Nulls, p.read) {
				v.status[j] = rank.NullValue
			}
			continue
		}
		if !sound {
			r.doubt(j, p)
		}
		v.status[j] = judge(row, l.Marks[j], p.ttl, p.maxStale, now)
		if row == nil || v.status[j] == rank.Missing {
			v.rows[j] = missing
		}
	}
	if p.required != nil {
		r.require(v.rows, p)
	}
}

// judge says what a row that was looked up counts as, before its columns are
// looked at. ttl, maxStale and now are in milliseconds.
func judge(row *Row, mark Mark, ttl, maxStale, now int64) rank.Status {
	switch {
	case row == nil && mark == Failed:
		return rank.Errored
	case row == nil:
		return rank.Missing
	case ttl > 0 && row.Time != 0 && now-row.Time > ttl+maxStale:
		return rank.Missing
	case ttl > 0 && row.Time != 0 && now-row.Time > ttl, mark == LastKnown:
		return rank.Stale
	default:
		return rank.Present
	}
}

// doubt notes that row j of a view could not be read.
func (r *Rows) doubt(j int, p *planView) {
	if !r.anyUnsure {
		r.anyUnsure = true
		r.unsure = resize(r.unsure, len(r.query.Items))
		clear(r.unsure)
	}
	if !p.single {
		r.unsure[j] = true
		return
	}
	for k := range r.unsure {
		r.unsure[k] = true
	}
}

// require leaves out the candidates that lack a required column of a view.
func (r *Rows) require(rows []*Row, p *planView) {
	for j, row := range rows {
		if row.Nulls == nil || !overlap(row.Nulls, p.required) {
			continue
		}
		r.anyOut = true
		if !p.single {
			r.out[j] = true
			continue
		}
		for k := range r.out {
			r.out[k] = true
		}
	}
}

// count adds the statuses of the candidates asked for, and not of those that
// are only explained, to the plan's Stats.
func (r *Rows) count(i int) {
	if r.n == 0 {
		return
	}
	var t tally
	for _, status := range r.views[i].status[:min(r.n, len(r.views[i].status))] {
		t[status]++
	}
	r.plan.stats.Views[i].add(&t)
}

// leaveOut moves the candidates that are left out behind those that are
// scored, whose order stays. It is off the common path and may allocate.
func (r *Rows) leaveOut() {
	var kept, gone []int
	for i := range r.query.Items {
		if i < r.n && !r.out[i] {
			kept = append(kept, i)
		} else {
			gone = append(gone, i)
		}
	}
	r.plan.stats.LeftOut.Add(uint64(r.n - len(kept)))
	r.n = len(kept)
	order := slices.Concat(kept, gone)
	r.query.Items = permute(r.query.Items, order)
	if r.anyUnsure {
		r.unsure = permute(r.unsure, order)
	}
	for i := range r.views {
		if !r.plan.views[i].single {
			v := &r.views[i]
			v.rows, v.status = permute(v.rows, order), permute(v.status, order)
		}
	}
}

func permute[T any](s []T, order []int) []T {
	out := make([]T, len(s))
	for to, from := range order {
		out[to] = s[from]
	}
	return out
}

// overlap reports whether two bit sets share a member.
func overlap(a, b []uint64) bool {
	for i, w := range a {
		if w&b[i] != 0 {
			return true
		}
	}
	return false
}

// resize returns s with length n; what it held is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return append(s[:cap(s)], make([]T, n-cap(s))...)
	}
	return s[:n]
}
