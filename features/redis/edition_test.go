package redis

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/rank"
)

// rowsOf looks up an item in a view, and returns the look-up.
func (w *world) rowsOf(view int, item string) *features.Lookup {
	w.t.Helper()
	q := &features.Query{Request: &rank.Request{User: "u", Items: []rank.Item{{ID: item}}}, Items: []int32{0}}
	q.Lookups = []features.Lookup{{View: view, Rows: make([]*features.Row, 1), Marks: make([]features.Mark, 1)}}
	w.store.Fetch(q, time.Now().Add(long))
	return &q.Lookups[0]
}

func TestOnlyRowsThatAreKeptHaveAnEdition(t *testing.T) {
	none := 0
	w := newWorld(t, func(_ *Config, reg *features.Registry) {
		reg.Views[userView].Cache.Size = &none
	})
	for view, kept := range map[int]bool{itemView: true, pairView: false, userView: false} {
		name := w.reg.Views[view].Name
		if got := w.store.KeptSize(name); got > 0 != kept {
			t.Errorf("KeptSize(%s) = %d; rows are kept: %v", name, got, kept)
		}
		for range 2 { // fetched, and then kept
			if got := w.rowsOf(view, "a").Edition; (got == 1) != kept || got > 1 {
				t.Errorf("%s: edition %d; kept: %v", name, got, kept)
			}
		}
	}
	if w.store.KeptSize("absent") > 0 {
		t.Error("rows are kept of a view that is not there")
	}
}

func TestARowThatWasWrittenAnewIsAnotherRow(t *testing.T) {
	w := newWorld(t, nil)
	w.put(itemView, "", "a", 1)
	before := w.rowsOf(itemView, "a")
	if again := w.rowsOf(itemView, "a"); again.Rows[0] != before.Rows[0] {
		t.Error("the row was kept, and is another one")
	}
	w.put(itemView, "", "a", 2)
	eventually(t, "the new row", func() bool { return w.rowsOf(itemView, "a").Rows[0].Floats[0] == 2 })
	after := w.rowsOf(itemView, "a")
	if after.Rows[0] == before.Rows[0] || before.Rows[0].Floats[0] != 1 {
		t.Errorf("the old row holds %v: it was written to", before.Rows[0].Floats[0])
	}
	if after.Edition != before.Edition {
		t.Errorf("editions %d and %d; one row that changes is no new edition", before.Edition, after.Edition)
	}
}

func TestTheDefaultIsTheSameRowForEveryRequest(t *testing.T) {
	w := newWorld(t, nil)
	first, second := w.rowsOf(itemView, "absent"), w.rowsOf(itemView, "none")
	if first.Rows[0] != nil || first.Default == nil || first.Default != second.Default {
		t.Errorf("rows %v with the defaults %p and %p", first.Rows[0], first.Default, second.Default)
	}
}
