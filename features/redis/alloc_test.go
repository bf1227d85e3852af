//go:build !race

package redis

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
)

func TestRowsThatAreKeptAllocateNothing(t *testing.T) {
	w := newWorld(t, nil)
	req, all := request("u", numbered(500)...)
	for _, item := range req.Items {
		w.put(itemView, "", item.ID, 1)
	}
	w.put(userView, "u", "", 2)
	q := &features.Query{Request: req, Items: all, Lookups: []features.Lookup{
		{View: itemView, Rows: make([]*features.Row, 500), Marks: make([]features.Mark, 500)},
		{View: userView, Rows: make([]*features.Row, 1), Marks: make([]features.Mark, 1)},
	}}
	w.store.Fetch(q, time.Now().Add(long))
	before := w.store.Stats().Fetches
	if got := testing.AllocsPerRun(200, func() { w.store.Fetch(q, time.Now().Add(long)) }); got != 0 {
		t.Errorf("%v allocations for 501 rows that are kept; want none", got)
	}
	if after := w.store.Stats().Fetches; after != before {
		t.Errorf("%d round trips; want none", after-before)
	}
}
