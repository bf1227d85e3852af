package features

import (
	"fmt"
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

	// JoinKey is the entity's name in a Feast store; "" means Name.
	JoinKey string

	// JoinType is how a Feast store writes the entity's id.
	JoinType JoinType
}

// JoinType is the type with which Feast declares a join key. It is part of every
// key of a Feast store: the same id of another type is another key.
type JoinType uint8

const (
	JoinAuto JoinType = iota // as the entity's Type: STRING or INT64
	JoinBytes
	JoinString
	JoinInt32
	JoinInt64
	JoinUnixTimestamp // the id is whole seconds since 1970
)

// Join returns the entity's name and type in a Feast store.
func (e *Entity) Join() (key string, t JoinType) {
	key, t = e.JoinKey, e.JoinType
	if key == "" {
		key = e.Name
	}
	if t == JoinAuto {
		t = JoinString
		if e.Type == model.Int64 {
			t = JoinInt64
		}
	}
	return key, t
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
	CreatedTime string // column of the source that says which of two rows of one time is the newer; "" means the later one
	StoredAs    string // the view's name in a remote store; "" means Name
	Cache       RowCache
	Columns     []Column
}

// Stored returns the view's name in a remote store.
func (v *View) Stored() string {
	if v.StoredAs != "" {
		return v.StoredAs
	}
	return v.Name
}

// RowCache says how rows of a view that a remote store holds are kept in this
// process. Fields that are not set are the store's own defaults.
type RowCache struct {
	Size     *int           // bytes; 0 keeps no rows
	TTL      *time.Duration // how long a row counts without asking again
	Negative *time.Duration // the same for an entity that has no row
	Tracking Tracking
}

// Tracking is how the server is asked to tell of changed rows.
type Tracking uint8

const (
	TrackingAuto      Tracking = iota // TrackingKeys, where anything is kept that a change would end
	TrackingKeys                      // the server remembers which keys were read
	TrackingBroadcast                 // the server tells of every write to the view: nothing to remember, more to tell
	TrackingOff                       // rows are true for their TTL
)

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

// Subject says what one row of the view is about; false if that is nothing that
// a request names.
func (v *View) Subject() (user, item, ok bool) {
	k := keyOf(v.Entities)
	return k == userKey || k == pairKey, k == itemKey || k == pairKey, k != noKey
}

// Entity returns the declaration of an entity, a string of that name if there
// is none.
func (r *Registry) Entity(name string) Entity {
	for _, e := range r.Entities {
		if e.Name == name {
			return e
		}
	}
	return Entity{Name: name, Type: model.String}
}

// CheckID reports why id can't name an entity of e, nil if it can.
func (e *Entity) CheckID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%s: the id is empty", e.Name)
	case e.Type == model.Int64 && !canonical(id):
		return fmt.Errorf("%s: the id %q is not an int64 in decimal form", e.Name, clip(id))
	default:
		return nil
	}
}

// OfItems reports whether there is a view of that name whose rows are about items alone.
func (r *Registry) OfItems(view string) bool { return r.keyOf(view) == itemKey }

// OfRequest reports whether all candidates of a request have the same row of the view of
// that name: it is about users, or it is the context.
func (r *Registry) OfRequest(view string) bool {
	return view == model.ContextView || r.keyOf(view) == userKey
}

func (r *Registry) keyOf(view string) viewKey {
	i := slices.IndexFunc(r.Views, func(v View) bool { return v.Name == view })
	if i < 0 {
		return noKey
	}
	return keyOf(r.Views[i].Entities)
}

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
