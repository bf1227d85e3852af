package cache

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/rank"
)

// scored returns a cache that knows alice's scores of items 0 to 9, made a second
// ago. It has so many slots that no two entities of a test share one, as in a small
// cache one of some hundred runs would have it.
func scored(t *testing.T, reads Reads) (c *call, key Key, now time.Time) {
	t.Helper()
	c, key, now = &call{cache: newCache(t, config)}, alice, time.Now()
	c.cache.changes = newChanges(maxSlots * bytesPerSlots)
	key.Reads = reads
	before := now.Add(-time.Second)
	c.cache.start = before.Add(-Tick)
	c.lookup(key, ids(0, 10), before)
	c.store(ids(0, 10), now, number)
	return c, key, now
}

func TestAChangeMakesEveryScoreBuiltOnItStale(t *testing.T) {
	all := Reads{User: true, Items: true, Pairs: true}
	f := func(what string, reads Reads, user, item string, fresh int) {
		t.Helper()
		c, key, now := scored(t, reads)
		c.cache.Changed(user, item)
		if got := c.lookup(key, ids(0, 10), now); got != fresh {
			t.Errorf("%s: %d of 10 scores are fresh; want %d", what, got, fresh)
		}
		if stale := c.sources[3]; fresh < 10 && stale != rank.SourceStale {
			t.Errorf("%s: the score of item 3 is %v; want stale", what, stale)
		}
	}
	f("the user", all, "alice", "", 0)
	f("an item", all, "", "3", 9)
	f("a pair", all, "alice", "3", 9)
	f("another user", all, "bob", "", 10)
	f("another item", all, "", "77", 10)
	f("the pair of another user", all, "bob", "3", 10)
	f("the item called as the user", all, "", "alice", 10)
	f("a user who is not read", Reads{Items: true, Pairs: true}, "alice", "", 10)
	f("an item that is not read", Reads{User: true, Pairs: true}, "", "3", 10)
	f("a pair that is not read", Reads{User: true, Items: true}, "alice", "3", 10)
}

func TestAChangeOfEverythingLeavesNoScoreFresh(t *testing.T) {
	c, key, now := scored(t, Reads{})
	if c.cache.Overtaken(&c.view) {
		t.Error("overtaken before anything changed")
	}
	c.cache.ChangedAll()
	if got := c.lookup(key, ids(0, 10), now); got != 0 || c.sources[0] != rank.SourceStale {
		t.Errorf("%d of 10 scores are fresh, the first is %v; want none, stale", got, c.sources[0])
	}
	if !c.cache.Overtaken(&c.view) {
		t.Error("not overtaken by a change of this moment")
	}
	later := now.Add(time.Second)
	c.lookup(key, ids(0, 10), later)
	c.store(ids(0, 5), later, number)
	if got := c.lookup(key, ids(0, 10), later.Add(Tick)); got != 5 {
		t.Errorf("%d scores are fresh; want the 5 that were made anew", got)
	}
}

func TestAScoreIsAsOldAsTheOldestFeatureBehindIt(t *testing.T) {
	c, now := &call{cache: newCache(t, config)}, time.Now().Add(time.Hour)
	c.lookup(alice, ids(0, 1), now)
	c.scores[0], c.sources[0] = 1, rank.SourceModel
	c.cache.Store(&c.view, now.Add(-50*time.Second), c.of, now, c.scores, c.sources)
	for after, want := range map[time.Duration]int{0: 1, 9 * time.Second: 1, 10 * time.Second: 0} {
		if got := c.lookup(alice, ids(0, 1), now.Add(after)); got != want {
			t.Errorf("%v later %d scores are fresh; want %d: the TTL is a minute and the features were 50 s old", after, got, want)
		}
	}
}

// TestNoChangeIsEverOverlooked holds the array against a map of the truth.
func TestNoChangeIsEverOverlooked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := newChanges(0)
		truth := map[string]uint64{}
		id := rapid.IntRange(0, 30)
		hash := func(i int) uint64 { return uint64(i+1) * 0x9e3779b97f4a7c15 }
		for tick := range uint64(rapid.IntRange(1, 60).Draw(t, "changes")) {
			user, item := id.Draw(t, "user"), id.Draw(t, "item")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				small.mark(userSlot(hash(user)), tick+1)
				truth[fmt.Sprint("u", user)] = tick + 1
			case 1:
				small.mark(hash(item), tick+1)
				truth[fmt.Sprint("i", item)] = tick + 1
			default:
				small.mark(pairSlot(hash(user), hash(item)), tick+1)
				truth[fmt.Sprint("p", user, ".", item)] = tick + 1
			}
		}
		user, item := id.Draw(t, "asking"), id.Draw(t, "asked")
		reads := Reads{User: rapid.Bool().Draw(t, "user"), Items: rapid.Bool().Draw(t, "items"), Pairs: rapid.Bool().Draw(t, "pairs")}
		var want uint64
		if reads.User {
			want = max(want, truth[fmt.Sprint("u", user)])
		}
		if reads.Items {
			want = max(want, truth[fmt.Sprint("i", item)])
		}
		if reads.Pairs {
			want = max(want, truth[fmt.Sprint("p", user, ".", item)])
		}
		of := small.of(reads, hash(user))
		if got := of.last(hash(item)); got < want {
			t.Fatalf("the last change is at %d; it was at %d", got, want)
		}
	})
}

func TestALateNoteOfAnOldChangeMovesNothingBack(t *testing.T) {
	c := newChanges(0)
	c.mark(1, 7)
	c.mark(1, 3)
	if got := c.when(1); got != 7 {
		t.Errorf("the last change is at %d; want 7", got)
	}
}
