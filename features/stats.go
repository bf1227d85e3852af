package features

import (
	"sync/atomic"

	"github.com/rankgate/rankgate/rank"
)

// Stats counts what the fetches of one plan found. Fetch adds to it once per
// request; anyone may read it at any time.
type Stats struct {
	Views   []ViewStats   // one per view that the model reads, "context" and "request" included
	LeftOut atomic.Uint64 // candidates not scored: a field of theirs is broken, or a required feature is missing
}

// ViewStats counts the rows that the candidates of all requests needed of one
// view: one per request for a view of the user and for the context, else one
// per candidate. A row counts once, under the first that applies:
//
//	Errored    the view could not be read, or a field that came with the request is broken
//	Missing    there is no row, or it is too old to be used; a field was not sent
//	Stale      older than its ttl, within max_stale
//	NullValue  there is a row, but a column that the model reads is null
//	Present    all there
type ViewStats struct {
	View string
	Rows [rank.NumStatuses]atomic.Uint64
}

// tally is the part of ViewStats that one fetch adds.
type tally [rank.NumStatuses]uint64

func (v *ViewStats) add(t *tally) {
	for status, n := range t {
		if n > 0 {
			v.Rows[status].Add(n)
		}
	}
}
