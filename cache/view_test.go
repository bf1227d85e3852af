package cache

import (
	"slices"
	"testing"
	"time"

	"github.com/allegro/bigcache/v3"
	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/rank"
)

func TestAFewNewScoresAreNotPaidForWithAllThatAreKnown(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now := time.Now()
	c.lookup(alice, ids(0, 800), now)
	c.store(ids(0, 800), now, number)
	for known := 810; known <= 900; known += 10 {
		c.lookup(alice, ids(0, known), now)
		c.store(ids(0, known), now, number)
		if fresh := c.lookup(alice, ids(0, known), now); fresh != known {
			t.Fatalf("%d of %d scores are known", fresh, known)
		}
		old, young := 800, known-800
		if young*youngShare >= old {
			old, young = known, 0
		}
		if n := c.view.old.alive(0, nil); n != old {
			t.Errorf("old has %d of %d scores; want %d", n, known, old)
		}
		if n := c.view.young.alive(0, nil); n != young {
			t.Errorf("young has %d of %d scores; want %d", n, known, young)
		}
	}
}

// halves makes a cache of alice's scores in two blocks: 0 to 799 in old, 800 to 809 in young.
func halves(t *testing.T, now time.Time) *Cache {
	t.Helper()
	c := &call{cache: newCache(t, config)}
	for _, known := range []int{800, 810} {
		c.lookup(alice, ids(0, known), now)
		c.store(ids(0, known), now, number)
	}
	c.lookup(alice, nil, now)
	if c.view.old.alive(0, nil) != 800 || c.view.young.alive(0, nil) != 10 {
		t.Fatalf("%d scores in old, %d in young", c.view.old.alive(0, nil), c.view.young.alive(0, nil))
	}
	return c.cache
}

func TestOfTwoRequestsAtATimeNeitherLosesWhatWasKnown(t *testing.T) {
	now := time.Now()
	for _, first := range []int{0, 1} {
		scores := halves(t, now)
		few, many := &call{cache: scores}, &call{cache: scores}
		asked := [][]string{ids(790, 820), ids(700, 1500)} // the second writes both as one block
		few.lookup(alice, asked[0], now)
		many.lookup(alice, asked[1], now)
		for _, n := range []int{first, 1 - first} {
			[]*call{few, many}[n].store(asked[n], now, number)
		}
		c := &call{cache: scores}
		if fresh := c.lookup(alice, ids(0, 810), now); fresh != 810 {
			t.Errorf("request %d stores first: %d of the 810 scores that were known are left", first, fresh)
		}
		if fresh := c.lookup(alice, ids(820, 1500), now); fresh != 680 {
			t.Errorf("request %d stores first: %d of 680 new scores are known", first, fresh)
		}
		for i, id := range ids(820, 1500) {
			if c.scores[i] != number(id) {
				t.Fatalf("%s has score %v", id, c.scores[i])
			}
		}
	}
}

func TestEitherBlockMayBeEvicted(t *testing.T) {
	now := time.Now()
	f := func(what string, key func(v *View) *blockKey, left int) {
		t.Helper()
		c := &call{cache: halves(t, now)}
		c.lookup(alice, nil, now)
		if err := c.cache.store.Delete(name(key(&c.view))); err != nil {
			t.Fatal(err)
		}
		all := ids(0, 810)
		if fresh := c.lookup(alice, all, now); fresh != left {
			t.Errorf("without %s %d scores are known; want %d", what, fresh, left)
		}
		c.store(all, now, number)
		if fresh := c.lookup(alice, all, now); fresh != len(all) {
			t.Errorf("without %s %d scores are known after a store; want %d", what, fresh, len(all))
		}
	}
	f("old", func(v *View) *blockKey { return &v.oldKey }, 10)
	f("young", func(v *View) *blockKey { return &v.youngKey }, 800)
}

func TestWhatIsOfNoUseAnyMoreIsNotKept(t *testing.T) {
	now := time.Now()
	c := &call{cache: halves(t, now)}
	later, end := now.Add(config.MaxStale), now.Add(config.TTL+config.MaxStale+time.Second)
	for i, at := range []time.Time{later, end} {
		asked := ids(810+10*i, 820+10*i)
		c.lookup(alice, asked, at)
		c.store(asked, at, number)
	}
	c.lookup(alice, ids(810, 830), end)
	if old, young := c.view.old.alive(0, nil), c.view.young.alive(0, nil); old != 20 || young != 0 {
		t.Errorf("%d scores in old, %d in young; want the 20 that are of use, in old", old, young)
	}
	if unknown := slices.Index(c.sources, rank.SourceFallback); unknown >= 0 {
		t.Errorf("candidate %d is not known, and it is of use", 810+unknown)
	}
}

func TestOfTwoScoresOfAPairTheOneThatIsFreshCounts(t *testing.T) {
	now := time.Now()
	scores := halves(t, now)
	late, pair := &call{cache: scores}, ids(805, 806)
	later := now.Add(config.TTL - 5*Tick)
	late.lookup(alice, pair, now) // and ends only when others have scored it anew and written old
	late.sources[0] = rank.SourceFallback
	c := &call{cache: scores}
	c.lookup(alice, ids(700, 1500), later)
	clear(c.sources)
	c.store(ids(700, 1500), later, number)
	late.store(pair, later, number)
	c.lookup(alice, pair, later.Add(10*Tick))
	if _, inYoung := c.view.young.find(c.of.Hashes[0]); !inYoung || c.sources[0] != rank.SourceCache {
		t.Errorf("the pair is %v, in young: %v; want the fresh one of old", c.sources[0], inYoung)
	}
}

func TestAFewNewScoresAllocateNothingPerKnownOne(t *testing.T) {
	allocations := func(known int) float64 {
		c := &call{cache: newCache(t, config)}
		now, all := time.Now(), ids(0, known)
		c.lookup(alice, all, now)
		c.store(all, now, number)
		return testing.AllocsPerRun(100, func() {
			c.cache.Lookup(&c.view, alice, c.of, now, c.scores, c.sources)
			for i := range 10 {
				c.sources[i] = rank.SourceModel
			}
			c.cache.Store(&c.view, time.Time{}, c.of, now, c.scores, c.sources)
		})
	}
	if few, many := allocations(400), allocations(4000); many > few {
		t.Errorf("%v allocations beside 400 known scores, %v beside 4000", few, many)
	}
}

// TestRequestsInAnyOrderFindOnlyScoresOfTheirTime has requests of one user begin and end in
// any order, at clocks that differ a little, while features change and blocks are
// evicted. Each scores what is not fresh with its own number, so that a score tells who
// made it. In the end one that is alone finds again what it has stored.
func TestRequestsInAnyOrderFindOnlyScoresOfTheirTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cache, err := New(Config{Size: 1 << 20, TTL: time.Second, MaxStale: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer cache.Close()
		now, changed := cache.start.Add(time.Hour), time.Time{}
		type request struct {
			call
			ids    []string
			began  time.Time
			scored map[string]bool
		}
		var all []*request // by number
		var open []int     // numbers of those that have not ended
		begin := func(t *rapid.T) {
			from := rapid.IntRange(0, 200).Draw(t, "from")
			r := &request{call: call{cache: cache}, began: now, scored: map[string]bool{}}
			r.ids = ids(from, from+rapid.SampledFrom([]int{1, 3, 10, 100, 300}).Draw(t, "candidates"))
			r.lookup(alice, r.ids, now)
			for i, id := range r.ids {
				if r.sources[i] == rank.SourceFallback {
					continue
				}
				maker := all[int(r.scores[i])]
				age, limit := now.Sub(maker.began), time.Second
				if r.sources[i] == rank.SourceStale {
					limit *= 2
				}
				if !maker.scored[id] || age > limit {
					t.Fatalf("%s is %v by request %v, which began %v ago and scored it: %v", id, r.sources[i], r.scores[i], age, maker.scored[id])
				}
				if r.sources[i] == rank.SourceCache && maker.began.Before(changed) {
					t.Fatalf("%s is fresh by request %v, which began %v before the user changed", id, r.scores[i], changed.Sub(maker.began))
				}
			}
			open, all = append(open, len(all)), append(all, r)
		}
		end := func(at int, behind time.Duration) {
			number := open[at]
			r := all[number]
			open = append(open[:at], open[at+1:]...)
			for i, id := range r.ids {
				r.scored[id] = r.sources[i] != rank.SourceCache
			}
			r.store(r.ids, now.Add(-behind), func(string) float32 { return float32(number) })
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": begin,
			"end": func(t *rapid.T) {
				if len(open) == 0 {
					return
				}
				end(rapid.IntRange(0, len(open)-1).Draw(t, "which"), time.Duration(rapid.IntRange(0, 5).Draw(t, "ms behind"))*time.Millisecond)
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 700).Draw(t, "ms")) * time.Millisecond)
			},
			"change": func(*rapid.T) {
				changed = now
				cache.changes.mark(userSlot(cache.HashID(alice.User)), cache.ticks(now))
			},
			"evict": func(t *rapid.T) {
				v := &View{}
				cache.digest(v, alice)
				_ = cache.store.Delete(name(rapid.SampledFrom([]*blockKey{&v.oldKey, &v.youngKey}).Draw(t, "block"))) // it may not be there
			},
		})
		now = now.Add(10 * time.Millisecond) // past all clocks, and the last change
		begin(t)
		end(len(open)-1, 0)
		last := &call{cache: cache}
		asked := all[len(all)-1].ids
		if fresh := last.lookup(alice, asked, now); fresh != len(asked) {
			t.Fatalf("%d of %d scores are fresh that were stored last", fresh, len(asked))
		}
	})
}

// interrupted is keyHasher, and calls between before the second key that it is given.
type interrupted struct {
	keys    int
	between func()
}

func (h *interrupted) Sum64(key string) uint64 {
	if h.keys++; h.keys == 2 {
		h.between()
	}
	return keyHasher{}.Sum64(key)
}

func TestALookUpMissesNothingThatIsWrittenAsOneBlockMeanwhile(t *testing.T) {
	scores, hasher := newCache(t, config), &interrupted{keys: 2}
	store, err := bigcache.New(t.Context(), bigcache.Config{Shards: 2, LifeWindow: time.Hour, Hasher: hasher})
	if err != nil {
		t.Fatal(err)
	}
	defer scores.store.Close() // the one without interruptions
	scores.store = store
	now, known := time.Now(), ids(0, 810)
	writer := &call{cache: scores}
	for _, n := range []int{800, 810, 1600} {
		all := ids(0, n)
		write := func() {
			writer.lookup(alice, all, now)
			writer.store(all, now, number)
		}
		if n <= len(known) { // 800 scores in old, 10 in young
			write()
			continue
		}
		hasher.keys, hasher.between = 0, write
		reader := &call{cache: scores}
		if fresh := reader.lookup(alice, known, now); fresh != len(known) {
			t.Errorf("%d of %d scores are known to a look-up during which old and young are written as one", fresh, len(known))
		}
	}
	if writer.lookup(alice, known, now); writer.view.young != nil {
		t.Error("they were not")
	}
}
