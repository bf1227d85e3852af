package router

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/rank"
)

// failing is a store that can be told to fail.
type failing struct {
	features.Store
	mark features.Mark // of the first candidate's rows
	asOf time.Time
}

func (f *failing) Fetch(q *features.Query, deadline time.Time) {
	f.Store.Fetch(q, deadline)
	for i := range q.Lookups {
		q.Lookups[i].AsOf = f.asOf
		if q.Lookups[i].Marks[0] = f.mark; f.mark == features.Failed {
			q.Lookups[i].Rows[0] = nil
		}
	}
}

func TestAScoreOnFeaturesThatCouldNotBeReadIsDegradedAndNotRemembered(t *testing.T) {
	for _, mark := range []features.Mark{features.Failed, features.LastKnown} {
		b := newBench(t, 0)
		store := &failing{Store: b.router.store, mark: mark}
		b.router.store = store
		res := b.rank(request("u", "7", "8"))
		if !res.Degraded || res.Coverage[rank.SourceModel] != 2 {
			t.Errorf("mark %d: degraded %t, %d scored by the model; want true, 2", mark, res.Degraded, res.Coverage[rank.SourceModel])
		}
		store.mark = features.Sound
		res = b.rank(request("u", "7", "8"))
		if res.Degraded || res.Coverage[rank.SourceCache] != 1 || res.Sources[0] != rank.SourceModel || res.Scores[0] != 7 {
			t.Errorf("mark %d, once the store is well: %+v", mark, res)
		}
	}
}

func TestAStaleScoreIsBetterThanOneOnFeaturesThatCouldNotBeRead(t *testing.T) {
	b := newBench(t, 0)
	store := &failing{Store: b.router.store}
	b.router.store = store
	b.rank(request("u", "7"))
	b.router.cache.ChangedAll()
	store.mark = features.Failed
	res := b.rank(request("u", "7", "8"))
	if !res.Degraded || res.Sources[0] != rank.SourceStale || res.Scores[0] != 7 || res.Sources[1] != rank.SourceModel {
		t.Errorf("%+v; want the stale score of item 7", res)
	}
	store.mark = features.Sound
	if res = b.rank(request("u", "7", "8")); res.Degraded || res.Sources[0] == rank.SourceStale {
		t.Errorf("once the store is well: %+v", res)
	}
}

func TestAScoreOnKeptRowsIsAsOldAsTheRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		read := time.Now()
		b.router.store = &failing{Store: b.router.store, asOf: read}
		time.Sleep(50 * time.Second) // the TTL is a minute
		b.rank(request("u", "7"))
		for _, fresh := range []int{1, 0} {
			if got := b.rank(request("u", "7")).Coverage[rank.SourceCache]; got != fresh {
				t.Errorf("%v after the rows were read %d scores are fresh; want %d", time.Since(read), got, fresh)
			}
			time.Sleep(11 * time.Second)
		}
	})
}
