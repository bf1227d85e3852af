package packed

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rankgate/rankgate/features"
)

// View says how the rows of one view lie in the store. It is safe for concurrent
// use.
type View struct {
	name       string // in features.yaml
	prefix     string // what every key starts with
	user, item bool   // what a row is about
	layout     *features.Layout
	codes      []int // by cell: place of a vocabulary's code in Row.Ints, -1 if there is none
	own        *plan // of the rows that Encode makes

	learning sync.Mutex
	learnt   atomic.Pointer[map[uint32]*plan] // of other schemas by id; never changed once stored
}

// New describes how rows of view lie in a store whose keys start with prefix.
// layout is features.LayoutOf(view.Columns).
func New(prefix string, view *features.View, layout *features.Layout) *View {
	key := append([]byte(prefix), ':')
	key = append(appendEscaped(key, view.Stored(), &keySpecials), ':')
	v := &View{name: view.Name, prefix: string(key), layout: layout, codes: codesOf(layout)}
	v.user, v.item, _ = view.Subject()
	v.own = v.compile(schemaOf(view.CreatedTime != "", layout))
	v.learnt.Store(&map[uint32]*plan{})
	return v
}

// codesOf finds the code of each string column with a vocabulary: its first
// word has the code 1, in a row that is zero elsewhere.
func codesOf(layout *features.Layout) []int {
	codes := make([]int, len(layout.Cells))
	for i := range layout.Cells {
		c := &layout.Cells[i]
		codes[i] = -1
		if len(c.Vocabulary) > 0 {
			row := layout.NewRow()
			c.SetString(&row, c.Vocabulary[0])
			codes[i] = slices.Index(row.Ints, 1)
		}
	}
	return codes
}

// Schema returns the schema of the rows that Encode makes.
func (v *View) Schema() Schema { return v.own.schema }

// Learn makes rows of another schema of this view readable. Columns that the
// view does not have are passed over, and columns that the schema does not have
// are null. It is an error if a column's type can't become the view's, and Decode
// gives the same one for every row of that schema. Decode may run meanwhile.
func (v *View) Learn(s Schema) error {
	v.learning.Lock()
	defer v.learning.Unlock()
	if p := v.plan(s.id); p != nil {
		if p.schema.text != s.text {
			return fmt.Errorf("view %s: the schemas %q and %q have the same id, %08x, so their rows can't be told apart; rename a column",
				v.name, p.schema.text, s.text, s.id)
		}
		return p.refused
	}
	p := v.compile(s)
	learnt := maps.Clone(*v.learnt.Load())
	learnt[s.id] = p
	v.learnt.Store(&learnt)
	return p.refused
}

// plan returns how to read rows of a schema, nil if that is not known.
func (v *View) plan(id uint32) *plan {
	if id == v.own.schema.id {
		return v.own
	}
	return (*v.learnt.Load())[id]
}
