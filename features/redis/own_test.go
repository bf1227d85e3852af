package redis

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
)

// forgetful is a world in which rows of items are not kept.
func forgetful(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(_ *Config, reg *features.Registry) {
		size := 0
		reg.Views[itemView].Cache.Size = &size
	})
}

// The race detector is the judge: the fetch of the first request is still at work
// when the next one takes memory for its rows.
func TestARequestPastItsDeadlineLeavesItsMemoryToItsFetch(t *testing.T) {
	w := forgetful(t)
	w.put(itemView, "", "a", 1)
	w.put(itemView, "", "b", 2)
	req, all := request("", "a", "b")
	q := &features.Query{Request: req, Items: all, Lookups: []features.Lookup{{View: itemView}}}
	fetch := func(within time.Duration) *features.Lookup {
		q.Own.Reset()
		l := &q.Lookups[0]
		l.Rows, l.Marks = make([]*features.Row, 2), make([]features.Mark, 2)
		w.store.Fetch(q, time.Now().Add(within))
		return l
	}
	before := fetch(long).Rows[0]
	w.server.Pause()
	if l := fetch(time.Millisecond); l.Marks[0] != features.Failed {
		t.Fatal("a row was read from a server that is paused")
	}
	w.server.Resume()
	for range 100 {
		l := fetch(long)
		if l.Rows[0] == before {
			t.Fatal("memory of a fetch that had not ended is used again")
		}
		if l.Rows[0] == nil || l.Rows[0].Floats[0] != 1 || l.Rows[1] == nil || l.Rows[1].Floats[0] != 2 {
			t.Fatalf("%v; want rows of 1 and 2", l.Rows)
		}
	}
}

func TestRowsThatAreNotKeptLieInMemoryOfTheirRequest(t *testing.T) {
	w := forgetful(t)
	w.put(itemView, "", "a", 1)
	w.put(userView, "u", "", 2)
	req, all := request("u", "a")
	q := &features.Query{Request: req, Items: all}
	fetch := func() (item, user *features.Row) {
		q.Own.Reset()
		q.Lookups = []features.Lookup{
			{View: itemView, Rows: make([]*features.Row, 1), Marks: make([]features.Mark, 1)},
			{View: userView, Rows: make([]*features.Row, 1), Marks: make([]features.Mark, 1)},
		}
		w.store.Fetch(q, time.Now().Add(long))
		return q.Lookups[0].Rows[0], q.Lookups[1].Rows[0]
	}
	item, user := fetch()
	w.put(itemView, "", "a", 3)
	w.put(userView, "u", "", 4)
	eventually(t, "the changed row of the user", func() bool {
		_, row := fetch()
		return row.Floats[0] == 4
	})
	if user.Floats[0] != 2 {
		t.Errorf("the row that was kept became %v: it lies in memory of a request", user.Floats[0])
	}
	if item.Floats[0] != 3 {
		t.Errorf("the row that is not kept stayed %v: it lies in memory of its own", item.Floats[0])
	}
}
