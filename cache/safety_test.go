package cache

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// known runs a Zipf load of users who each ask for some of their own items, and
// returns the share of candidates that were known in its second half. hostile is
// called before every hundredth request.
func known(t *testing.T, c *Cache, hostile func(n int)) float64 {
	t.Helper()
	const users, requests = 2000, 20_000
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.1, 10, users-1)
	asking, now := &call{cache: c}, time.Now()
	hits, asked := 0, 0
	for n := range requests {
		if n%100 == 0 {
			hostile(n / 100)
		}
		user := int(zipf.Uint64())
		score := func(id string) float32 { return number(id) + float32(1000*user) }
		from := random.IntN(50)
		candidates := ids(from, from+50)
		fresh := asking.lookup(Key{Version: 1, User: fmt.Sprint(user)}, candidates, now)
		for i, id := range candidates {
			if asking.sources[i] == rank.SourceCache && asking.scores[i] != score(id) {
				t.Fatalf("user %d, item %s: %v", user, id, asking.scores[i])
			}
		}
		if n >= requests/2 {
			hits, asked = hits+fresh, asked+len(candidates)
		}
		asking.store(candidates, now, score)
	}
	return 100 * float64(hits) / float64(asked)
}

func TestHostileRequestsCostTheOthersNextToNothing(t *testing.T) {
	cfg := Config{Size: 16 << 20, TTL: time.Hour}
	plain := known(t, newCache(t, cfg), func(int) {})
	f := func(what string, hostile func(c *Cache) func(n int)) {
		t.Helper()
		c := newCache(t, cfg)
		with := known(t, c, hostile(c))
		if with < plain-1 {
			t.Errorf("%s: %.2f %% known, %.2f %% without; at most a point less is allowed", what, with, plain)
		}
		if s := c.Stats(); s.Bytes > cfg.Size*5/4 {
			t.Errorf("%s: %d bytes; the limit is %d and a quarter", what, s.Bytes, cfg.Size)
		}
		t.Logf("%s: %.2f %% known, %.2f %% without", what, with, plain)
	}
	f("more candidates than a block holds", func(c *Cache) func(int) {
		large, now := &call{cache: c}, time.Now()
		return func(n int) {
			large.lookup(Key{Version: 1, User: fmt.Sprint("large", n%8)}, ids(0, 3*maxPairs), now)
			large.store(ids(0, 3*maxPairs), now, number)
		}
	})
	f("users of one shard", func(c *Cache) func(int) {
		var users []string
		var view View
		for i := 0; len(users) < 100; i++ {
			user := fmt.Sprint("x", i)
			if c.digest(&view, Key{Version: 1, User: user}); view.oldKey[0] == 0 { // bigcache shards by the lowest bits
				users = append(users, user)
			}
		}
		hostile, now := &call{cache: c}, time.Now()
		return func(n int) {
			hostile.lookup(Key{Version: 1, User: users[n%len(users)]}, ids(0, 200), now)
			hostile.store(ids(0, 200), now, number)
		}
	})
}
