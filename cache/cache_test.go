package cache

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/rank"
)

func newCache(t testing.TB, cfg Config) *Cache {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// call is one request's use of the cache, with memory of its own.
type call struct {
	cache   *Cache
	view    View
	of      Candidates
	scores  []float32
	sources []rank.Source
}

func (c *call) lookup(key Key, ids []string, now time.Time) int {
	c.of.IDs = c.of.IDs[:0]
	for _, id := range ids {
		c.of.IDs = append(c.of.IDs, c.cache.HashID(id))
	}
	c.of.Hashes = c.of.IDs
	c.scores, c.sources = make([]float32, len(ids)), make([]rank.Source, len(ids))
	return c.cache.Lookup(&c.view, key, c.of, now, c.scores, c.sources)
}

// store scores every candidate that is not fresh with score(id).
func (c *call) store(ids []string, now time.Time, score func(string) float32) {
	for i, id := range ids {
		if c.sources[i] != rank.SourceCache {
			c.scores[i], c.sources[i] = score(id), rank.SourceModel
		}
	}
	c.cache.Store(&c.view, time.Time{}, c.of, now, c.scores, c.sources)
}

func ids(from, to int) []string {
	out := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

var (
	config = Config{Size: 8 << 20, TTL: time.Minute, MaxStale: 10 * time.Minute}
	alice  = Key{Version: 1, User: "alice", Reads: Reads{User: true, Items: true, Pairs: true}}
)

func number(id string) float32 {
	var n float32
	fmt.Sscan(id, &n)
	return n
}

func TestOnlyTheCandidatesThatAreNewMiss(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now := time.Now()
	c.lookup(alice, ids(0, 480), now)
	c.store(ids(0, 480), now, number)
	if fresh := c.lookup(alice, ids(0, 500), now); fresh != 480 {
		t.Fatalf("%d of 500 candidates are known; want 480", fresh)
	}
	for i := range 500 {
		want := rank.SourceCache
		if i >= 480 {
			want = rank.SourceFallback
		}
		if c.sources[i] != want || want == rank.SourceCache && c.scores[i] != float32(i) {
			t.Fatalf("candidate %d: %v from %v", i, c.scores[i], c.sources[i])
		}
	}
	c.store(ids(0, 500), now, number)
	if fresh := c.lookup(alice, ids(0, 500), now); fresh != 500 {
		t.Errorf("%d of 500 candidates are known after a second request; want all", fresh)
	}
}

func TestAScoreBelongsToItsVersionUserContextAndFields(t *testing.T) {
	scores := newCache(t, config)
	c := &call{cache: scores}
	now := time.Now()
	c.lookup(alice, ids(0, 10), now)
	c.store(ids(0, 10), now, number)
	for _, other := range []Key{{Version: 2, User: "alice"}, {Version: 1, User: "bob"}, {Version: 1, User: "alice", Context: 7}} {
		if fresh := c.lookup(other, ids(0, 10), now); fresh != 0 {
			t.Errorf("%+v finds %d scores of %+v", other, fresh, alice)
		}
	}
	if one, two := scores.HashID("1"), scores.HashID("2"); scores.Hash(one, 0) == scores.Hash(one, 9) || scores.Hash(one, 9) == scores.Hash(two, 9) {
		t.Error("candidates that differ in id or fields have the same hash")
	}
}

func TestAScoreIsFreshThenStaleThenGone(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	start := time.Now()
	c.lookup(alice, ids(0, 1), start)
	c.store(ids(0, 1), start, number)
	f := func(age time.Duration, want rank.Source) {
		t.Helper()
		c.lookup(alice, ids(0, 1), start.Add(age))
		if c.sources[0] != want {
			t.Errorf("after %v the score is %v; want %v", age, c.sources[0], want)
		}
	}
	f(0, rank.SourceCache)
	f(time.Minute-2*Tick, rank.SourceCache)
	f(time.Minute, rank.SourceStale)
	f(11*time.Minute-2*Tick, rank.SourceStale)
	f(11*time.Minute, rank.SourceFallback)
}

func TestAScoreLivesAsLongAsItsTTL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ttl := time.Duration(rapid.IntRange(100, 5000).Draw(t, "ttl ms")) * time.Millisecond
		cache, err := New(Config{Size: 1 << 20, TTL: ttl, MaxStale: ttl})
		if err != nil {
			t.Fatal(err)
		}
		defer cache.Close()
		c := &call{cache: cache}
		now, born := cache.start.Add(Tick), map[string]time.Time{}
		for range rapid.IntRange(1, 30).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "pause ms")) * time.Millisecond)
			from := rapid.IntRange(0, 50).Draw(t, "from")
			candidates := ids(from, from+rapid.SampledFrom([]int{1, 2, 5, 50, 500}).Draw(t, "candidates"))
			c.lookup(alice, candidates, now)
			for i, id := range candidates {
				age := now.Sub(born[id])
				if c.sources[i] == rank.SourceCache && age >= ttl || c.sources[i] == rank.SourceStale && age >= 2*ttl+Tick {
					t.Fatalf("%s is %v at the age of %v; the TTL is %v", id, c.sources[i], age, ttl)
				}
				if c.sources[i] != rank.SourceCache && age < ttl-Tick {
					t.Fatalf("%s is %v at the age of %v already; the TTL is %v", id, c.sources[i], age, ttl)
				}
				if c.sources[i] != rank.SourceFallback && c.scores[i] != number(id) {
					t.Fatalf("%s has score %v", id, c.scores[i])
				}
				if c.sources[i] != rank.SourceCache {
					born[id] = now
				}
			}
			c.store(candidates, now, number)
		}
	})
}

func TestASourceOfAnotherRequestDoesNotCount(t *testing.T) {
	for _, cfg := range []Config{config, {}} {
		c := &call{cache: newCache(t, cfg)}
		c.lookup(alice, ids(0, 2), time.Now())
		c.sources = []rank.Source{rank.SourceCache, rank.SourceModel}
		if fresh := c.cache.Lookup(&c.view, alice, c.of, time.Now(), c.scores, c.sources); fresh != 0 || !slices.Equal(c.sources, make([]rank.Source, 2)) {
			t.Errorf("%d of two unknown candidates are fresh, from %v", fresh, c.sources)
		}
	}
}

func TestAClockThatIsBehindMakesNoScoreYounger(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now := time.Now().Add(time.Second)
	c.lookup(alice, ids(0, 800), now)
	c.store(ids(0, 800), now, number)
	c.lookup(alice, ids(0, 1600), now)
	c.store(ids(0, 1600), now.Add(-time.Second), number) // as one block, in which the first 800 are
	c.lookup(alice, ids(0, 1600), now.Add(config.TTL))
	for i, source := range c.sources {
		if source != rank.SourceStale {
			t.Fatalf("candidate %d is %v after the TTL; want stale", i, source)
		}
	}
}

func TestAUserOfManyItemsKeepsTheYoungest(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now := time.Now()
	for from := 0; from < 10000; from += 1000 {
		now = now.Add(Tick)
		c.lookup(alice, ids(from, from+1000), now)
		c.store(ids(from, from+1000), now, number)
	}
	if fresh := c.lookup(alice, ids(7000, 10000), now); fresh != 3000 {
		t.Errorf("%d of the 3000 youngest scores are known", fresh)
	}
	if size := len(c.view.old); size > minShard/8 {
		t.Errorf("the block has %d bytes; the limit is %d", size, minShard/8)
	}
}

func TestPairsBeyondWhatABlockHoldsCostAsMany(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now := time.Now()
	full := ids(0, maxPairs)
	c.lookup(alice, full, now)
	c.store(full, now, number)
	few := ids(maxPairs, maxPairs+maxPairs/youngShare+1) // too many for a young block
	c.lookup(alice, few, now)
	c.store(few, now, number)
	if fresh := c.lookup(alice, few, now); fresh != len(few) {
		t.Errorf("%d of %d new scores are known", fresh, len(few))
	}
	if fresh := c.lookup(alice, full, now); fresh != maxPairs-len(few) {
		t.Errorf("%d of %d scores are left beside %d new ones", fresh, maxPairs, len(few))
	}
}

func TestScoresThatAreMadeAnewTakeNoRoomOfOthers(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now := time.Now()
	score := func(ids []string) {
		now = now.Add(Tick)
		c.lookup(alice, ids, now)
		clear(c.sources) // as after a change of the user
		c.store(ids, now, number)
	}
	score(ids(0, 1000))
	score(ids(1000, 2000))
	score(ids(2000, 4000))
	score(ids(2500, 4500)) // 500 more, and 1500 of the youngest
	all := ids(0, 4500)
	if fresh := c.lookup(alice, all, now); fresh != maxPairs {
		t.Errorf("%d scores are known; want %d", fresh, maxPairs)
	}
	if fresh := c.lookup(alice, all[1000:], now); fresh != 3500 {
		t.Errorf("%d of the 3500 youngest scores are known", fresh)
	}
}

func TestABlockOfReplacedScoresDoesNotGrow(t *testing.T) {
	c := &call{cache: newCache(t, config)}
	now, same := time.Now(), ids(0, 500)
	for range 5 {
		c.lookup(alice, same, now)
		c.store(same, now, number)
		now = now.Add(config.TTL)
	}
	c.lookup(alice, same, now)
	if got, want := len(c.view.old), len(newBlock(nil, 500, 1)); got != want {
		t.Errorf("after five rounds of the same 500 pairs their block has %d bytes; want %d", got, want)
	}
}

func TestWithoutMaxStaleNothingIsStale(t *testing.T) {
	c := &call{cache: newCache(t, Config{Size: 1 << 20, TTL: time.Minute})}
	now := time.Now()
	c.lookup(alice, ids(0, 1), now)
	c.store(ids(0, 1), now, number)
	c.cache.ChangedAll()
	c.lookup(alice, ids(0, 1), now)
	if c.sources[0] != rank.SourceFallback {
		t.Errorf("a score of swapped features is %v; want none", c.sources[0])
	}
}

func TestACacheOfSizeZeroIsOff(t *testing.T) {
	c := &call{cache: newCache(t, Config{})}
	now := time.Now()
	c.lookup(alice, ids(0, 10), now)
	c.store(ids(0, 10), now, number)
	if fresh := c.lookup(alice, ids(0, 10), now); fresh != 0 {
		t.Errorf("%d scores are known; want none", fresh)
	}
}

func TestASizeThatHoldsNoWorkingSetIsRefused(t *testing.T) {
	_, err := New(Config{Size: 1000, TTL: time.Second})
	if err == nil || !strings.Contains(err.Error(), "cache.size: 1000 bytes") {
		t.Errorf("New = %v; want an error that names cache.size", err)
	}
}

func TestMemoryStaysWithinItsLimit(t *testing.T) {
	cfg := Config{Size: 2 << 20, TTL: time.Hour}
	c := &call{cache: newCache(t, cfg)}
	now := time.Now()
	for user := range 3000 {
		key := Key{Version: 1, User: fmt.Sprint(user)}
		c.lookup(key, ids(0, 200), now)
		c.store(ids(0, 200), now, number)
	}
	s := c.cache.Stats()
	if s.Bytes > cfg.Size || s.Blocks == 0 || s.Refused != 0 {
		t.Errorf("%d bytes in %d blocks, %d scores refused; the limit is %d bytes", s.Bytes, s.Blocks, s.Refused, cfg.Size)
	}
	last := Key{Version: 1, User: "2999"}
	if fresh := c.lookup(last, ids(0, 200), now); fresh != 200 {
		t.Errorf("%d of the last user's scores are known; want 200", fresh)
	}
}

func TestRequestsSideBySideNeverSeeAnotherScore(t *testing.T) {
	scores := newCache(t, Config{Size: 1 << 20, TTL: time.Hour})
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			c := &call{cache: scores}
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 2000 {
				user := random.IntN(20)
				key := Key{Version: 1, User: fmt.Sprint(user)}
				from := random.IntN(500)
				candidates, now := ids(from, from+1+random.IntN(50)), time.Now()
				score := func(id string) float32 { return number(id) + float32(1000*user) }
				c.lookup(key, candidates, now)
				for i, id := range candidates {
					if c.sources[i] != rank.SourceFallback && c.scores[i] != score(id) {
						t.Errorf("user %d item %s has score %v", user, id, c.scores[i])
						return
					}
				}
				c.store(candidates, now, score)
			}
		})
	}
	wg.Wait()
}
