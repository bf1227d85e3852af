package redis

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/secret"
)

func TestRowsAreReadOnceAndKept(t *testing.T) {
	w := newWorld(t, nil)
	w.put(userView, "u", "", 7)
	w.put(itemView, "", "a", 1)
	w.put(itemView, "", "b", 2)
	w.put(pairView, "u", "a", 3)
	for round := range 2 {
		if got := w.fetch(long, userView, "u").String(); got != "[7] [0]" {
			t.Errorf("round %d: user %s", round, got)
		}
		if got := w.fetch(long, itemView, "u", "a", "x", "b", "a").String(); got != "[1 -1 2 1] [0 0 0 0]" {
			t.Errorf("round %d: items %s", round, got)
		}
		if got := w.fetch(long, pairView, "u", "a", "b").String(); got != "[3 -1] [0 0]" {
			t.Errorf("round %d: pairs %s", round, got)
		}
	}
	s := w.store.Stats()
	if items := s.Views[itemView]; items.Hits != 4 || items.Misses != 4 || items.Joined != 1 || items.Rows != 3 || !items.Tracked {
		t.Errorf("items: %+v; want 4 hits, 4 misses of which 1 joined, 3 rows kept", items)
	}
	if s.Fetches != 4 {
		t.Errorf("%d round trips; want one per view, and one more for the pairs, which are not kept", s.Fetches)
	}
}

func TestAllViewsOfARequestTakeOneRoundTrip(t *testing.T) {
	w := newWorld(t, nil)
	reg := w.reg
	plan := compile(t, reg, "user_stats.n", "item_stats.n", "pair_stats.n")
	req, items := request("u", "a", "b")
	var rows features.Rows
	plan.Fetch(w.store, req, items, time.Now(), time.Now().Add(long), &rows)
	if s := w.store.Stats(); s.Fetches != 1 {
		t.Errorf("%d round trips for three views; want 1", s.Fetches)
	}
}

func TestTheWordOfAWriteDropsTheRow(t *testing.T) {
	for name, tracking := range map[string]features.Tracking{"keys": features.TrackingKeys, "broadcast": features.TrackingBroadcast} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *Config, reg *features.Registry) {
				for i := range reg.Views {
					reg.Views[i].Cache.Tracking = tracking
				}
			})
			f := func(view int, user, item string) {
				t.Helper()
				for n := range 3 {
					before, _ := w.heard.count()
					w.put(view, user, item, float32(n))
					if n > 0 || tracking == features.TrackingBroadcast { // else nobody has read the key
						eventually(t, "the word of a write", func() bool { after, _ := w.heard.count(); return after > before })
					}
					if got := w.fetch(long, view, user, item).values[0]; got != float32(n) {
						t.Errorf("view %d: %v after %d was written", view, got, n)
					}
				}
				w.heard.mu.Lock()
				defer w.heard.mu.Unlock()
				if last := w.heard.changes[len(w.heard.changes)-1]; last != user+"/"+item {
					t.Errorf("view %d: heard of %s", view, last)
				}
			}
			f(userView, "u", "")
			f(itemView, "", "a")
			f(pairView, "u", "a")
		})
	}
}

func TestARowThatAppearsIsSeen(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *features.Registry) { c.Cache.Negative = time.Hour })
	if got := w.fetch(long, itemView, "", "new").values[0]; got != -1 {
		t.Fatalf("a row that is not there: %v", got)
	}
	w.put(itemView, "", "new", 5)
	eventually(t, "the new row", func() bool { return w.fetch(long, itemView, "", "new").values[0] == 5 })
}

func TestManyRequestsThatMissTogetherFetchOnce(t *testing.T) {
	w := newWorld(t, nil)
	var items []string
	for i := range 50 {
		items = append(items, fmt.Sprint(i))
		w.put(itemView, "", items[i], float32(i))
	}
	w.server.Pause()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got := w.fetch(long, itemView, "", items...); got.values[49] != 49 || slices.Contains(got.marks, features.Failed) {
				t.Errorf("%v", got)
			}
		})
	}
	eventually(t, "19 requests that join", func() bool { return w.store.Stats().Views[itemView].Joined == 19*50 })
	w.server.Resume()
	wg.Wait()
	// Requests that begin at the same moment may share the rows out among
	// themselves, so there may be several round trips, but no row is in two of them.
	if fetched := w.store.Stats().Views[itemView].Fetched; fetched != 50 {
		t.Errorf("20 requests for 50 rows asked the server for %d", fetched)
	}
}

func TestARequestWaitsNoLongerThanItsDeadline(t *testing.T) {
	w := newWorld(t, nil)
	w.put(itemView, "", "a", 1)
	w.server.Pause()
	got := w.fetch(20*time.Millisecond, itemView, "", "a")
	if got.marks[0] != features.Failed || got.values[0] != -1 {
		t.Errorf("while the server stands still: %v", got)
	}
	w.server.Resume()
	eventually(t, "the row that came late is kept", func() bool { return w.store.Stats().Views[itemView].Rows == 1 })
	if got := w.fetch(0, itemView, "", "a"); got.values[0] != 1 {
		t.Errorf("with no time left, a kept row: %v", got)
	}
}

func TestTheRowKnownLastStandsInWithinMaxStale(t *testing.T) {
	w := newWorld(t, func(c *Config, reg *features.Registry) {
		reg.Views[itemView].MaxStale = time.Hour
		c.Timeout = 100 * time.Millisecond
	})
	w.put(itemView, "", "a", 1)
	w.put(userView, "u", "", 2)
	w.fetch(long, itemView, "", "a")
	w.fetch(long, userView, "u")
	w.server.Kill()
	eventually(t, "the loss of the connection", func() bool { _, all := w.heard.count(); return all > 0 })
	if got := w.fetch(long, itemView, "", "a").String(); got != "[1] [2]" {
		t.Errorf("an item within max_stale: %s", got)
	}
	if got := w.fetch(long, userView, "u").String(); got != "[-1] [1]" {
		t.Errorf("a user without max_stale: %s", got)
	}
	w.server.Restart()
	w.put(itemView, "", "a", 9)
	eventually(t, "the server's own row again", func() bool { return w.fetch(long, itemView, "", "a").String() == "[9] [0]" })
}

func TestAServerThatIsNotThereYetIsReachedLater(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	w := &world{t: t, cfg: DefaultConfig(), reg: shop(), server: server}
	w.cfg.Addresses = []string{server.Addr}
	w.store = w.open()
	if got := w.fetch(long, itemView, "", "a").marks[0]; got != features.Failed {
		t.Errorf("without a server the mark is %d", got)
	}
	server.Restart()
	eventually(t, "the server", func() bool { return w.fetch(long, itemView, "", "a").marks[0] == features.Sound })
}

func TestWithoutTrackingRowsAreTrueForTheirTTL(t *testing.T) {
	ttl := 50 * time.Millisecond
	f := func(what string, change func(*Config, *features.Registry)) {
		t.Helper()
		w := newWorld(t, func(c *Config, reg *features.Registry) { c.Cache.TTL = ttl; change(c, reg) })
		w.put(itemView, "", "a", 1)
		before := time.Now()
		first := w.fetch(long, itemView, "", "a")
		if first.asOf.Before(before) || w.store.Stats().Views[itemView].Tracked {
			t.Errorf("%s: a row read after %v is as of %v", what, before, first.asOf)
		}
		w.put(itemView, "", "a", 2)
		for written := time.Now(); ; {
			asked := time.Now()
			got := w.fetch(long, itemView, "", "a")
			if got.values[0] == 2 {
				return
			}
			if asked.Sub(written) > ttl {
				t.Errorf("%s: the old row %v after the write; the TTL is %v", what, asked.Sub(written), ttl)
				return
			}
		}
	}
	f("tracking is off", func(_ *Config, reg *features.Registry) { reg.Views[itemView].Cache.Tracking = features.TrackingOff })
	f("the server has none", func(c *Config, _ *features.Registry) {
		t.Setenv("RANKGATE_TEST_PASSWORD", "p")
		w := &world{t: t, cfg: *c}
		client, err := Connect(*c)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		w.writer = client
		if err := w.do("ACL", "SETUSER", "managed", "on", ">p", "~*", "+@all", "-client|tracking"); err != nil {
			t.Fatal(err)
		}
		c.Credentials = Credentials{Username: "managed", Password: secret.Source{Env: "RANKGATE_TEST_PASSWORD"}}
	})
}

func TestADamagedRowCostsItselfOnly(t *testing.T) {
	w := newWorld(t, nil)
	w.put(itemView, "", "a", 1)
	key, row := w.packed(itemView, "", "b", 2)
	for what, value := range map[string]string{"cut": row[:len(row)-1], "of another version": "\xff" + row[1:], "empty": ""} {
		if err := w.do("SET", key, value); err != nil {
			t.Fatal(err)
		}
		if got := w.fetch(long, itemView, "", "a", "b").String(); got != "[1 -1] [0 1]" {
			t.Errorf("a row that is %s: %s", what, got)
		}
	}
	if s := w.store.Stats(); s.Failed[Damaged] != 3 || s.Opened != 0 {
		t.Errorf("%d damaged rows, the breaker opened %d times; want 3, 0", s.Failed[Damaged], s.Opened)
	}
}

func TestTheServerRemembersNothingForThoseWhoKeepNothing(t *testing.T) {
	for name, c := range map[string]struct {
		size     int
		listener features.Listener
		tracked  bool
	}{
		"rows":    {1 << 20, nil, true},
		"scores":  {0, new(heard), true},
		"nothing": {0, nil, false},
	} {
		w := newWorld(t, nil)
		w.cfg.Cache.Size = c.size
		s, err := Open(w.cfg, w.reg, nil, c.listener, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, v := range s.Stats().Views {
			if v.Tracked != c.tracked {
				t.Errorf("who keeps %s is told of changes of %s: %v", name, v.View, v.Tracked)
			}
		}
		if err := w.do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the word of it, if there is any", func() bool { return s.Stats().Flushes > 0 == c.tracked })
	}
}

func TestAFlushedServerEmptiesWhatIsKept(t *testing.T) {
	w := newWorld(t, nil)
	w.put(itemView, "", "a", 1)
	w.fetch(long, itemView, "", "a")
	if err := w.do("FLUSHALL"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the row's end", func() bool { return w.fetch(long, itemView, "", "a").values[0] == -1 })
	if s := w.store.Stats(); s.Flushes == 0 {
		t.Error("the flush was not counted")
	}
}

func TestAServerThatForgetsWhatWasReadTellsOfIt(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *features.Registry) { c.Cache.TTL = time.Hour })
	if err := w.do("CONFIG", "SET", "tracking-table-max-keys", "10"); err != nil {
		t.Fatal(err)
	}
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprint(i))
		w.put(itemView, "", items[i], 1)
	}
	w.fetch(long, itemView, "", items...)
	eventually(t, "the word of what was forgotten", func() bool { return w.store.Stats().Invalidations >= 190 })
	for _, item := range items {
		w.put(itemView, "", item, 2)
	}
	eventually(t, "every new row", func() bool { return !slices.Contains(w.fetch(long, itemView, "", items...).values, 1) })
}
