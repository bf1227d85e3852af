package features

import (
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Store looks feature rows up. It is embedded (Memory) or remote; a remote one
// answers a whole Query in one round trip and never works past the deadline.
type Store interface {
	// Fetch fills every Lookup of q. What could not be had by the deadline gets
	// an error in its Lookup, which costs those features and not the request.
	// The store and the plan that made q must come from the same Registry.
	Fetch(q *Query, deadline time.Time)
}

// Query is everything that one request needs from the store. It belongs to the
// Rows that it is part of, and no store keeps it past Fetch.
type Query struct {
	Request *rank.Request
	Items   []int32  // candidates of Request to look up
	Lookups []Lookup // one per view that the model reads, in no order

	// Own is memory for rows that nobody but this request reads, until whoever owns
	// the query resets it. A store that may still write there after Fetch leaves an
	// empty one.
	Own Slab

	ordinals []uint32 // Memory's scratch: the dictionary entry of each of Items
}

// Lookup is the part of a Query that one view answers.
type Lookup struct {
	View int // index into Registry.Views

	// Rows has one entry for a view of the user and one per Query.Items for a
	// view of items or pairs. The plan sizes it and clears it; the store fills it, and
	// leaves nil where there is no row.
	Rows []*Row

	// Marks has one entry per row, cleared by the plan; the store says there what
	// is not as a healthy look-up would have it.
	Marks []Mark

	Default *Row // set by the store: stands in for a row that is missing; nil means the registry's constants

	// Edition is set by a store whose rows, with Default, are never written again: a
	// number from 1 on that grows when all its rows are replaced. 0 means that they are
	// for this request alone.
	Edition uint64

	// AsOf is set by the store: when the oldest of Rows was read, if it is kept
	// without being told of changes since. The zero time means that none is.
	AsOf time.Time
}

// Mark says how the look-up of one row went wrong.
type Mark uint8

const (
	Sound     Mark = iota // the row, or the knowledge that there is none, is what the store holds
	Failed                // it could not be read
	LastKnown             // it could not be read now; the row is the one that was read last
)

// Listener hears of changes of what a store holds, so that what was built on it
// can be dropped. A store tells a change after its own copies of the old rows are
// gone: whoever reads after being told reads the new ones. The methods are called
// from where replies are read and must not wait.
type Listener interface {
	// Changed tells that a row of a user, of an item, or of the pair of both has
	// changed; an empty id means that the row is not about one.
	Changed(user, item string)

	// ChangedAll tells that any row may have changed.
	ChangedAll()
}

// Record is one row of a view on its way to a store. Null cells of Row may hold
// anything.
type Record struct {
	User, Item string // ids; "" where the view is not about one
	Row        Row
	Created    int64 // Unix milliseconds; of two rows of one event time the later one counts; 0 if not known
}
