package features

import (
	"slices"
	"time"

	"github.com/rankgate/rankgate/model"
)

// Registry is what features.yaml says: which entities there are, and which
// views hold features about them. It is immutable once Validate has passed.
type Registry struct {
	Entities []Entity // sorted by name
	Views    []View   // sorted by name

	// Context and Request describe features that come with the call. A model
	// may read one that is not declared: it is then a float32 that defaults to 0.
	Context []Column
	Request []Column
}

// Entity is something that features are about: "user" or "item".
type Entity struct {
	Name string
	Type model.Type // String or Int64; an id of an int64 entity is its decimal form
}

// The entities that a request names.
const (
	UserEntity = "user"
	ItemEntity = "item"
)

// View is a table of features about one entity or a pair of them.
type View struct {
	Name        string
	Entities    []string      // ["user"], ["item"] or ["user", "item"]
	TTL         time.Duration // age beyond which a row is stale; 0 means never
	MaxStale    time.Duration // age beyond TTL within which a stale row is still used; 0 means not at all
	Source      string        // file of the embedded store, relative to its directory
	Owner       string
	Description string
	Version     int
	EventTime   string // column of the source that holds the row's time; "" means rows carry none
	Columns     []Column
}

// Column is one feature.
type Column struct {
	Name        string
	Type        model.Type // any but Float16
	Length      int        // elements of a vector column, 0 for a scalar; vectors are float32
	Description string
	Default     Default

	// Required means that no default stands in for a missing value: a candidate
	// without one is not scored by the model and gets its fallback score. A
	// context column that is required must be sent.
	Required bool

	// Vocabulary maps the values of a String column to 1…n in its order; 0 is
	// the unknown row. Nil means that the column has none.
	Vocabulary []string
}

// Default says what stands in for a column whose value is missing. The zero
// value means zero, "", false, or a vector of zeros.
type Default struct {
	Kind   DefaultKind
	Number float64   // Constant of a number or bool column
	String string    // Constant of a string column
	Vector []float32 // Constant of a vector column, of the column's length
}

// DefaultKind is how a Default is found.
type DefaultKind uint8

const (
	Constant     DefaultKind = iota // the value given, or zero
	Mean                            // the mean of the values loaded; numbers and vectors
	MostFrequent                    // the most frequent of the values loaded; scalars
)

// viewKey says what one row of a view is about.
type viewKey uint8

const (
	noKey viewKey = iota
	userKey
	itemKey
	pairKey
)

func keyOf(entities []string) viewKey {
	switch {
	case slices.Equal(entities, []string{UserEntity}):
		return userKey
	case slices.Equal(entities, []string{ItemEntity}):
		return itemKey
	case slices.Equal(entities, []string{UserEntity, ItemEntity}):
		return pairKey
	default:
		return noKey
	}
}

// entityType returns the declared type of an entity, String if there is none.
func (r *Registry) entityType(name string) model.Type {
	for _, e := range r.Entities {
		if e.Name == name {
			return e.Type
		}
	}
	return model.String
}
