package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

const clusterMasters = 3

// onCluster returns a ledger over a cluster, which change may alter.
func onCluster(t *testing.T, c *redistest.Cluster, change func(*Config, *features.Registry)) *ledger {
	t.Helper()
	l := &ledger{t: t, cfg: DefaultConfig(), reg: shop()}
	l.cfg.Addresses, l.cfg.Mode, l.cfg.Timeout = c.Addrs(), Cluster, long
	l.cfg.Cache.Size = 0
	if change != nil {
		change(&l.cfg, l.reg)
	}
	var err error
	if l.client, err = Connect(l.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.client.Close)
	l.renew()
	return l
}

// shardOf is the shard that a fresh cluster gives a slot to.
func shardOf(slot uint16) int { return int(slot) * clusterMasters / 16384 }

// TestACluster shares one cluster among its parts, of which the last kills a
// master.
func TestACluster(t *testing.T) {
	c := redistest.StartCluster(t, clusterMasters, 1)
	t.Run("rows of all slots are written and read in the packed layout", func(t *testing.T) { rowsOfAllSlots(t, c, nil) })
	t.Run("rows of all slots are written and read in the Feast layout", func(t *testing.T) { rowsOfAllSlots(t, c, asFeast) })
	t.Run("the word of a write drops the row", func(t *testing.T) { wordsOfACluster(t, c) })
	t.Run("a slot that moves costs no row of the packed layout", func(t *testing.T) { rowsOfAMovingSlot(t, c, 100, nil) })
	t.Run("a slot that moves costs no row of the Feast layout", func(t *testing.T) { rowsOfAMovingSlot(t, c, 200, asFeast) })
	t.Run("a master that is killed costs its own rows until a replica has its place", func(t *testing.T) { rowsOfALostMaster(t, c) })
}

func rowsOfAllSlots(t *testing.T, c *redistest.Cluster, change func(*Config, *features.Registry)) {
	l := onCluster(t, c, change)
	records, ids := l.items(500, today)
	if w := l.write(itemView, records...); w.Stored != 500 {
		t.Fatalf("%+v; want 500 stored", w)
	}
	if w := l.write(itemView, records[:100]...); w.Stored+w.Older != 100 {
		t.Errorf("written again: %+v", w)
	}
	old, _ := l.items(500, today-1)
	if w := l.write(itemView, old...); w.Older != 500 {
		t.Errorf("older rows: %+v; want 500 older", w)
	}
	shards := map[int]int{}
	for _, id := range ids {
		shards[shardOf(slotOf(l.key(itemView, "", id)))]++
	}
	if len(shards) != clusterMasters {
		t.Fatalf("the rows lie in shards %v", shards)
	}
	for i, n := range l.read(itemView, "", ids...) {
		if n != float32(i) {
			t.Fatalf("item %d has %v", i, n)
		}
	}
	l.write(pairView, l.record("u", "i7", 8, today, 0))
	l.write(userView, l.record("u", "", 9, today, 0))
	if got := l.read(pairView, "u", "i6", "i7"); !slices.Equal(got, []float32{-1, 8}) {
		t.Errorf("pairs %v", got)
	}
	if got := l.read(userView, "u"); got[0] != 9 {
		t.Errorf("user %v", got)
	}
	if s := l.store.Stats(); s.Fetches != 3 {
		t.Errorf("%d fetches; want 3, however many slots", s.Fetches)
	}
}

func wordsOfACluster(t *testing.T, c *redistest.Cluster) {
	for name, tracking := range map[string]features.Tracking{"keys": features.TrackingKeys, "broadcast": features.TrackingBroadcast} {
		l := onCluster(t, c, func(cfg *Config, reg *features.Registry) {
			cfg.Prefix = "words-" + name
			cfg.Cache = DefaultConfig().Cache
			cfg.Cache.TTL, cfg.Cache.Negative = time.Hour, time.Hour
			for i := range reg.Views {
				reg.Views[i].Cache.Tracking = tracking
			}
		})
		records, ids := l.items(60, today)
		l.read(itemView, "", ids...) // so that it is known that there are none
		l.write(itemView, records...)
		for at, n := range l.reads(ids) {
			eventually(t, name+": the first row of "+ids[at], func() bool { return n() == float32(at) })
		}
		for i := range records {
			records[i] = l.record("", ids[i], float32(1000+i), today+1, 0)
		}
		l.write(itemView, records...)
		for at, n := range l.reads(ids) {
			eventually(t, name+": the second row of "+ids[at], func() bool { return n() == float32(1000+at) })
		}
		if s := l.store.Stats(); s.Invalidations < 2*60 || !s.Views[itemView].Tracked {
			t.Errorf("%s: %d words of 120 writes", name, s.Invalidations)
		}
	}
}

// reads returns what reads each item.
func (l *ledger) reads(ids []string) (reads []func() float32) {
	for _, id := range ids {
		reads = append(reads, func() float32 { return l.read(itemView, "", id)[0] })
	}
	return reads
}

// inSlot returns n ids of items whose rows lie in one slot.
func (l *ledger) inSlot(slot uint16, n int) (ids []string) {
	for i := 0; len(ids) < n; i++ {
		if id := fmt.Sprint("s", i); slotOf(l.key(itemView, "", id)) == slot {
			ids = append(ids, id)
		}
	}
	return ids
}

// rowsOfAMovingSlot reads eight rows of a slot together while it moves, of which
// one master has some and the other the rest meanwhile. No row is wrong or can't
// be had.
func rowsOfAMovingSlot(t *testing.T, c *redistest.Cluster, slot uint16, change func(*Config, *features.Registry)) {
	l := onCluster(t, c, change)
	ids := l.inSlot(slot, 8)
	var records []features.Record
	for i, id := range ids {
		records = append(records, l.record("", id, float32(i), today, 0))
	}
	l.write(itemView, records...)
	l.read(itemView, "", ids...) // opens the store
	var rounds, failed atomic.Int64
	look := func() {
		got := fetchFrom(l.store, long, itemView, "", ids...)
		for i, mark := range got.marks {
			switch {
			case mark == features.Failed:
				failed.Add(1)
			case got.values[i] != float32(i):
				t.Errorf("row %d is %v", i, got.values[i])
			}
		}
		rounds.Add(1)
	}
	var readers sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				look()
			}
		})
	}
	more := func() {
		t.Helper()
		before := rounds.Load()
		eventually(t, "twenty more looks", func() bool { return rounds.Load() >= before+20 })
	}
	more()
	c.MoveSlot(int(slot), shardOf(slot), 1, more)
	stop()
	readers.Wait()
	look()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of %d rows could not be had", n, 8*rounds.Load())
	}
}

// rowsOfALostMaster kills a master under load.
func rowsOfALostMaster(t *testing.T, c *redistest.Cluster) {
	const lost = 2
	l := onCluster(t, c, func(cfg *Config, reg *features.Registry) {
		cfg.Prefix, cfg.Timeout = "lost", 100*time.Millisecond
		reg.Views[itemView].MaxStale = time.Hour
		cfg.Cache.Size, cfg.Cache.TTL = 64<<20, time.Nanosecond // every row is asked for, and kept for when it can't be had
	})
	records, ids := l.items(300, today)
	l.write(itemView, records...)
	eventually(t, "every row was read", func() bool {
		return !slices.ContainsFunc(fetchFrom(l.fresh(), long, itemView, "", ids...).marks, unsound)
	})
	var looks, others, known atomic.Int64 // whole looks; rows of other masters that were had, and rows of the lost one that were stood in for, in looks with both
	ctx, stop := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				got := fetchFrom(l.store, long, itemView, "", ids...)
				if !slices.ContainsFunc(got.marks, unsound) {
					looks.Add(1)
				}
				for i, mark := range got.marks {
					own := shardOf(slotOf(l.key(itemView, "", ids[i]))) == lost
					switch {
					case mark != features.Failed && got.values[i] != float32(i):
						t.Errorf("row %d is %v, mark %d", i, got.values[i], mark)
					case !own && mark == features.Sound && slices.Contains(got.marks, features.LastKnown):
						others.Add(1)
					case own && mark == features.LastKnown:
						known.Add(1)
					}
				}
			}
		})
	}
	eventually(t, "whole looks", func() bool { return looks.Load() > 10 })
	c.KillMaster(lost)
	promoted, before := time.Now(), looks.Load()
	eventually(t, "a whole look after the replica's promotion", func() bool { return looks.Load() > before })
	t.Logf("every row was read %v after the promotion was known to all; meanwhile %d rows were stood in for beside %d that were had",
		time.Since(promoted).Round(time.Millisecond), known.Load(), others.Load())
	stop()
	readers.Wait()
	if known.Load() == 0 || others.Load() == 0 {
		t.Errorf("%d rows of the lost master were stood in for, %d rows of the others had beside them; want some of both", known.Load(), others.Load())
	}
	after, _ := l.items(300, today+1)
	if w := l.write(itemView, after...); w.Stored != 300 {
		t.Errorf("%+v after the failover; want 300 stored", w)
	}
}

func unsound(m features.Mark) bool { return m != features.Sound }

// fresh returns the store, opened if it was not.
func (l *ledger) fresh() *Store {
	l.t.Helper()
	if l.store == nil {
		l.read(itemView, "", "x")
	}
	return l.store
}

func TestDeadNodesOfAClusterDoNotHideTheLivingOnes(t *testing.T) {
	c := redistest.StartCluster(t, clusterMasters, 0)
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Mode = []string{childtest.FreeAddress(t), c.Addrs()[0]}, Cluster
	client, err := Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	cfg.Addresses = []string{childtest.FreeAddress(t)}
	if _, err := Connect(cfg); err == nil || !strings.Contains(err.Error(), cfg.Addresses[0]) {
		t.Errorf("nobody there: %v", err)
	}
}
