package redis

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// visit looks a row up as a request does and, if it is not there, lands a flight
// that brings it.
func visit(k *keptRows, hash uint64, item string, row func() *features.Row) (got *features.Row, hit bool) {
	now := time.Now()
	if e := k.fresh(hash, "", item, k.clock(now), k.epoch.Load()); e != nil {
		return e.row, true
	}
	f := new(flight)
	if other, landed := k.join(f, hash, "", item, now); other != nil || landed != nil {
		panic("nobody else is there")
	}
	f.row, f.mark = row(), features.Sound
	k.land(f)
	return f.row, false
}

// hitRate asks for items under a Zipf(1.1) load and returns the share of the
// second half that was kept. One in a hundred items, spread evenly over popular
// and rare ones, is as large as large makes it.
func hitRate(t *testing.T, k *keptRows, large func(rank uint64) int) float64 {
	t.Helper()
	const items, asked = 20_000, 200_000
	zipf := rand.NewZipf(rand.New(rand.NewPCG(5, 6)), 1.1, 1, items-1)
	normal, hits := 0, 0
	for n := range asked {
		rank := zipf.Uint64()
		item, size := fmt.Sprint(rank), large(rank)
		row, hit := visit(k, k.hash(item), item, func() *features.Row {
			return &features.Row{Ints: []int64{int64(rank)}, Floats: make([]float32, size)}
		})
		if row.Ints[0] != int64(rank) {
			t.Fatalf("item %s has the row of item %d", item, row.Ints[0])
		}
		if n >= asked/2 && size == 32 {
			normal++
			if hit {
				hits++
			}
		}
	}
	return 100 * float64(hits) / float64(normal)
}

func newKept(t *testing.T, size int) *keptRows {
	t.Helper()
	k, err := newKeptRows(Cache{Size: size, TTL: time.Hour, Negative: time.Hour}, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	return k
}

func TestOversizeRowsCostTheOthersNextToNothing(t *testing.T) {
	const size = 2 << 20
	plain := hitRate(t, newKept(t, size), func(uint64) int { return 32 })
	with := hitRate(t, newKept(t, size), func(rank uint64) int {
		if rank%100 == 7 {
			return size // in elements: four times the cache
		}
		return 32
	})
	if with < plain-1 {
		t.Errorf("hit rate %.2f %% beside oversize rows, %.2f %% without; at most a point less is allowed", with, plain)
	}
	t.Logf("hit rate %.2f %%, beside oversize rows %.2f %%", plain, with)
}

func TestIdsThatCollideAreNeverTakenForEachOther(t *testing.T) {
	k := newKept(t, 2<<20)
	number := func(n float32) func() *features.Row {
		return func() *features.Row { return &features.Row{Floats: []float32{n}} }
	}
	for round := range 100 { // both under one hash, as no hash can rule out
		a, _ := visit(k, 1, "a", number(1))
		b, _ := visit(k, 1, "b", number(2))
		if a.Floats[0] != 1 || b.Floats[0] != 2 {
			t.Fatalf("round %d: a %v, b %v", round, a.Floats, b.Floats)
		}
	}
	if k.find(1, "", "c") != nil || k.find(1, "a", "") != nil {
		t.Error("a row is found under ids that are not its own")
	}
}

func TestIdsOfOneShardCostTheOthersNextToNothing(t *testing.T) {
	const size = 2 << 20
	plain := hitRate(t, newKept(t, size), func(uint64) int { return 32 })
	k := newKept(t, size)
	var hostile []string // one in a hundred, all in the flights' first shard
	for i := 0; len(hostile) < 200; i++ {
		if id := fmt.Sprint("x", i); k.hash(id)%flightShards == 0 {
			hostile = append(hostile, id)
		}
	}
	asked := 0
	with := hitRate(t, k, func(uint64) int {
		if asked++; asked%100 == 0 {
			id := hostile[asked/100%len(hostile)]
			visit(k, k.hash(id), id, func() *features.Row { return &features.Row{Ints: []int64{-1}} })
		}
		return 32
	})
	if with < plain-1 {
		t.Errorf("hit rate %.2f %% beside ids of one shard, %.2f %% without", with, plain)
	}
}

func TestKeptRowsTakeTheMemoryTheyAreAllowed(t *testing.T) {
	const size = 32 << 20
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	k := newKept(t, size)
	random := rand.New(rand.NewPCG(7, 8))
	layout := features.LayoutOf(floatColumns(16))
	for i := range 400_000 {
		item := fmt.Sprint(i)
		row := layout.NewRow()
		for c := range layout.Cells {
			layout.Cells[c].SetFloat(&row, random.Float64())
		}
		layout.Finish(&row, &row)
		visit(k, k.hash(item), item, func() *features.Row { return &row })
	}
	k.rows.CleanUp()
	if took := heap() - before; took > size*5/4 {
		t.Errorf("%d bytes for %d rows; the limit is %d and a quarter", took, k.rows.EstimatedSize(), size)
	} else {
		t.Logf("%.1f MiB of heap for %d rows that weigh %.1f MiB; the limit is %d MiB",
			float64(took)/(1<<20), k.rows.EstimatedSize(), float64(k.rows.WeightedSize())/(1<<20), size>>20)
	}
	runtime.KeepAlive(k)
}

func floatColumns(n int) []features.Column {
	columns := make([]features.Column, n)
	for i := range columns {
		columns[i] = features.Column{Name: fmt.Sprint("f", i), Type: model.Float32}
	}
	return columns
}

func TestAfterAReconnectNothingIsStaleAndEachKeyIsFilledOnce(t *testing.T) {
	const items = 300
	w := newWorld(t, func(c *Config, _ *features.Registry) { c.Cache.TTL, c.Connections = time.Hour, 1 })
	var names []string
	for i := range items {
		names = append(names, fmt.Sprint(i))
		w.put(itemView, "", names[i], 1)
	}
	w.fetch(long, itemView, "", names...)
	flushes := w.store.Stats().Flushes
	if err := w.do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		w.put(itemView, "", name, 2) // while nobody is told
	}
	eventually(t, "a flush", func() bool { return w.store.Stats().Flushes > flushes })
	eventually(t, "the connection", func() bool { return w.fetch(long, itemView, "", "none").marks[0] == features.Sound })
	before := w.store.Stats()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			got := w.fetch(long, itemView, "", names...)
			for i, n := range got.values {
				if n != 2 || got.marks[i] != features.Sound {
					t.Errorf("item %d: %v, mark %d", i, n, got.marks[i])
					return
				}
			}
		})
	}
	wg.Wait()
	after := w.store.Stats().Views[itemView]
	old := before.Views[itemView]
	if filled := (after.Misses - old.Misses) - (after.Joined - old.Joined); filled != items {
		t.Errorf("16 requests for %d rows asked the server for %d", items, filled)
	}
}
