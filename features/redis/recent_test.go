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

// BenchmarkKept looks 200 rows up, Zipf(1.1) of 50,000, in the cache alone and by way
// of recent.
func BenchmarkKept(b *testing.B) {
	const items, lists = 50_000, 512
	k, err := newKeptRows(Cache{Size: 64 << 20, TTL: time.Hour, Negative: time.Hour}, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer k.close()
	random := rand.New(rand.NewPCG(1, 2))
	zipf, places := rand.NewZipf(random, 1.1, 1, items-1), random.Perm(items)
	requests := make([][]string, lists)
	for n := range requests {
		for range 200 {
			item := fmt.Sprint(places[zipf.Uint64()])
			requests[n] = append(requests[n], item)
			land(k, item, 1)
		}
	}
	for name, look := range map[string]func(hash uint64, item string, at int64) *keptRow{
		"cache":  func(hash uint64, item string, _ int64) *keptRow { return k.find(hash, "", item) },
		"recent": func(hash uint64, item string, at int64) *keptRow { return k.fresh(hash, "", item, at, 0) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				for _, item := range requests[n%lists] {
					if look(k.hash(item), item, int64(n)<<4) == nil {
						b.Fatal("a row is missing")
					}
				}
			}
		})
	}
}
