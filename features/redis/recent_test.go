package redis

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
)

// land keeps a row of one float and returns its hash.
func land(k *keptRows, item string, value float32) uint64 {
	hash := k.hash(item)
	visit(k, hash, item, func() *features.Row { return &features.Row{Floats: []float32{value}} })
	return hash
}

// recall looks a row up as often as it takes for recent and the cache both to have been
// asked, and returns it only if all agree.
func recall(t *testing.T, k *keptRows, hash uint64, item string) *keptRow {
	t.Helper()
	first := k.fresh(hash, "", item, 0, k.epoch.Load())
	for at := range int64(1 << 10) {
		if e := k.fresh(hash, "", item, at, k.epoch.Load()); e != first {
			t.Fatalf("first %v, then %v", first, e)
		}
	}
	return first
}

func TestRecentKnowsNothingThatTheCacheDoesNot(t *testing.T) {
	for name, lose := range map[string]func(k *keptRows, hash uint64){
		"a row that changed":     func(k *keptRows, _ uint64) { k.drop("", "7") },
		"all rows changed":       func(k *keptRows, _ uint64) { k.dropAll() },
		"a row that was evicted": func(k *keptRows, hash uint64) { k.rows.Invalidate(hash) },
	} {
		k := newKept(t, 2<<20)
		hash := land(k, "7", 1)
		if e := recall(t, k, hash, "7"); e == nil || e.row.Floats[0] != 1 {
			t.Fatalf("%s: before: %v", name, e)
		}
		if e := recall(t, k, hash, "8"); e != nil {
			t.Errorf("%s: found under another id: %v", name, e)
		}
		lose(k, hash)
		if e := recall(t, k, hash, "7"); e != nil {
			t.Errorf("%s: still found: %v", name, e)
		}
		land(k, "7", 2)
		if e := recall(t, k, hash, "7"); e == nil || e.row.Floats[0] != 2 {
			t.Errorf("%s: the row after it: %v", name, e)
		}
	}
}

// Two requests may tell the cache the time in another order than they asked for it.
func TestRecentForgetsAChangedRowUntilTheEndOfItsTime(t *testing.T) {
	k := newKept(t, 2<<20)
	began := time.Now()
	hash, f := k.hash("7"), new(flight)
	k.join(f, hash, "", "7", began)
	k.clock(began.Add(-time.Minute)) // of one that was held up
	f.row, f.mark = &features.Row{Floats: []float32{1}}, features.Sound
	k.land(f)
	e := recall(t, k, hash, "7")
	if e == nil {
		t.Fatal("the row was not kept")
	}
	k.now.at.Store(e.until - 1)
	k.drop("", "7")
	if e.fresh(e.until-1, k.epoch.Load()) {
		t.Error("a row that changed is fresh")
	}
}

func TestRecentLetsTheCacheKnowWhatIsPopular(t *testing.T) {
	const size = 2 << 20
	same := func(uint64) int { return 32 }
	k := newKept(t, size)
	k.recent = newRecent(0)
	without, with := hitRate(t, k, same), hitRate(t, newKept(t, size), same)
	if with < without-1 {
		t.Errorf("hit rate %.2f %% with recent, %.2f %% without; at most a point less is allowed", with, without)
	}
	t.Logf("hit rate %.2f %% with recent, %.2f %% without", with, without)
}

// BenchmarkKept looks 200 rows of 32 floats up, Zipf(1.1) of 50,000, and copies them:
//
//	cache    in the cache alone
//	recent   by way of recent
//	request  as a request does, whose look-ups recent guesses together
//	apart    the same, of rows whose parts do not lie together
//
// Before each request other memory is used, as it is by a pass: ns/request counts from then on.
func BenchmarkKept(b *testing.B) {
	const columns, lists = 32, 512
	open := func(b *testing.B, apart bool) (*Store, []*features.Query) {
		w := newWorld(b, func(_ *Config, reg *features.Registry) { reg.Views[itemView].Columns = floatColumns(columns) })
		queries := popular(lists)
		for _, q := range queries {
			for _, item := range q.Request.Items {
				keepOne(w.store.views[itemView], item.ID, apart)
			}
		}
		return w.store, queries
	}
	one := func(look func(k *keptRows, item string, at int64) *keptRow) func(*Store, *features.Query, int64) {
		return func(s *Store, q *features.Query, at int64) {
			for i := range q.Request.Items {
				q.Lookups[0].Rows[i] = look(s.views[itemView].kept, q.Request.Items[i].ID, at).row
			}
		}
	}
	whole := func(s *Store, q *features.Query, _ int64) { s.Fetch(q, time.Now().Add(long)) }
	for _, c := range []struct {
		name  string
		apart bool
		look  func(s *Store, q *features.Query, at int64)
	}{
		{"cache", false, one(func(k *keptRows, item string, _ int64) *keptRow { return k.find(k.hash(item), "", item) })},
		{"recent", false, one(func(k *keptRows, item string, at int64) *keptRow { return k.fresh(k.hash(item), "", item, at, 0) })},
		{"request", false, whole},
		{"apart", true, whole},
	} {
		b.Run(c.name, func(b *testing.B) {
			store, queries := open(b, c.apart)
			var tensor [columns]float32
			var looking time.Duration
			others := make([]byte, 4<<20)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				clear(others)
				q, began := queries[n%lists], time.Now()
				c.look(store, q, int64(n)<<4)
				for _, row := range q.Lookups[0].Rows {
					copy(tensor[:], row.Floats)
				}
				looking += time.Since(began)
			}
			b.ReportMetric(float64(looking.Nanoseconds())/float64(b.N), "ns/request")
		})
	}
}

// popular returns queries for 200 items each, Zipf(1.1) of 50,000.
func popular(n int) []*features.Query {
	const items = 50_000
	random := rand.New(rand.NewPCG(1, 2))
	zipf, places := rand.NewZipf(random, 1.1, 1, items-1), random.Perm(items)
	queries := make([]*features.Query, n)
	for i := range queries {
		names := make([]string, 200)
		for j := range names {
			names[j] = fmt.Sprint(places[zipf.Uint64()])
		}
		req, all := request("", names...)
		queries[i] = &features.Query{Request: req, Items: all, Lookups: []features.Lookup{{
			View: itemView, Rows: make([]*features.Row, len(names)), Marks: make([]features.Mark, len(names)),
		}}}
	}
	return queries
}

// keepOne keeps a row of an item, all in one piece or apart.
func keepOne(v *view, item string, apart bool) {
	f := &flight{view: v}
	if _, landed := v.kept.join(f, v.kept.hash(item), "", item, time.Now()); landed != nil {
		return
	}
	if f.row, f.mark = f.blank(), features.Sound; apart {
		row := v.layout.NewRow()
		f.row, f.wanted.keep = &row, nil
	}
	v.kept.land(f)
}
