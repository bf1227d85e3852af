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

	ordinals []uint32 // Memory's scratch: the dictionary entry of each of Items
}

// Lookup is the part of a Query that one view answers.
type Lookup struct {
	View int // index into Registry.Views

	// Rows has one entry for a view of the user and one per Query.Items for a
	// view of items or pairs. The plan sizes it and clears it; the store fills it, and
	// leaves nil where there is no row.
	Rows []*Row

	Default *Row  // set by the store: stands in for a row that is missing; nil means the registry's constants
	Err     error // set by the store: the view could not be read, and Rows does not count
}

// Record is one row of a view on its way to a store. Null cells of Row may hold
// anything.
type Record struct {
	User, Item string // ids; "" where the view is not about one
	Row        Row
	Created    int64 // Unix milliseconds; of two rows of one event time the later one counts; 0 if not known
}
