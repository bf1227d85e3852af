package cache

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/allegro/bigcache/v3"

	"github.com/rankgate/rankgate/rank"
)

// BenchmarkLookup is what a request of 200 known candidates pays, hashing and
// the bigcache copy included.
func BenchmarkLookup(b *testing.B) {
	c := &call{cache: newCache(b, DefaultConfig())}
	candidates, now := ids(0, 200), time.Now()
	c.lookup(alice, candidates, now)
	c.store(candidates, now, number)
	b.ReportAllocs()
	for b.Loop() {
		for i, id := range candidates {
			c.of.IDs[i] = c.cache.HashID(id)
		}
		if c.cache.Lookup(&c.view, alice, c.of, now, c.scores, c.sources) != 200 {
			b.Fatal("a candidate missed")
		}
	}
}

// BenchmarkStore is what a user's requests for 20 new candidates beside 180 known ones
// pay, look-up and store, where so many scores are known: from one writing of old to
// the next.
func BenchmarkStore(b *testing.B) {
	for _, known := range []int{200, 480, 4000} {
		b.Run(fmt.Sprint(known), func(b *testing.B) {
			const news = 20
			requests := (known + youngShare*news - 1) / (youngShare * news)
			c := &call{cache: newCache(b, DefaultConfig())}
			all, now, user := ids(0, known+requests*news), time.Now(), 0
			of := make([]uint64, len(all))
			for i, id := range all {
				of[i] = c.cache.HashID(id)
			}
			c.scores, c.sources = make([]float32, len(all)), make([]rank.Source, len(all))
			ask := func(from, to int) {
				c.of = Candidates{IDs: of[from:to], Hashes: of[from:to]}
				sources := c.sources[:to-from]
				c.cache.Lookup(&c.view, Key{Version: 1, User: strconv.Itoa(user)}, c.of, now, c.scores[:to-from], sources)
				for i, source := range sources {
					if source != rank.SourceCache {
						sources[i] = rank.SourceModel
					}
				}
				c.cache.Store(&c.view, time.Time{}, c.of, now, c.scores[:to-from], sources)
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				user++
				ask(0, known)
				b.StartTimer()
				for i := range requests {
					to := known + (i+1)*news
					ask(to-200, to)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*requests), "ns/request")
		})
	}
}

// BenchmarkTightMemory has users ask for 90 of their own items and 10 that are new, in
// less memory than all of that takes: few ask often, as in Zipf's law. It reports the
// share of their own items that is known.
func BenchmarkTightMemory(b *testing.B) {
	for _, size := range []struct{ users, own int }{{300, 300}, {1250, 300}, {60, 1500}, {250, 1500}} {
		b.Run(fmt.Sprintf("%d-of-%d", size.users, size.own), func(b *testing.B) {
			const asked, news = 90, 10
			c := &call{cache: newCache(b, Config{Size: 8 << 20, TTL: time.Hour})}
			random := rand.New(rand.NewPCG(1, 2))
			zipf := rand.NewZipf(random, 1.1, 10, uint64(size.users-1))
			now, next, known, candidates := time.Now(), size.own, 0, make([]string, asked+news)
			request := func() {
				for i, at := 0, random.IntN(size.own); i < asked; i++ {
					candidates[i] = strconv.Itoa((at + i) % size.own)
				}
				for i := range news {
					candidates[asked+i] = strconv.Itoa(next)
					next++
				}
				known += c.lookup(Key{Version: 1, User: fmt.Sprint(zipf.Uint64())}, candidates, now)
				c.store(candidates, now, func(string) float32 { return 1 })
			}
			measure(b, request, &known, asked)
		})
	}
}

// pairCache is the other layout: one bigcache entry per (version, user, item).
type pairCache struct {
	store *bigcache.BigCache
	seed  maphash.Seed
	key   []byte
}

func newPairCache(b *testing.B, megabytes int) *pairCache {
	b.Helper()
	store, err := bigcache.New(context.Background(), bigcache.Config{
		Shards: 256, LifeWindow: time.Hour, MaxEntriesInWindow: 256 * 64, MaxEntrySize: 64, HardMaxCacheSize: megabytes,
	})
	if err != nil {
		b.Fatal(err)
	}
	return &pairCache{store: store, seed: maphash.MakeSeed()}
}

func (p *pairCache) pairKey(user, item string) string {
	p.key = append(append(append(append(p.key[:0], "1"...), 0), user...), 0)
	return string(append(p.key, item...))
}

func (p *pairCache) lookup(user string, items []string, scores []float32) (known int) {
	for i, item := range items {
		if entry, err := p.store.Get(p.pairKey(user, item)); err == nil {
			scores[i] = math.Float32frombits(binary.LittleEndian.Uint32(entry))
			known++
		}
	}
	return known
}

func (p *pairCache) put(user, item string, score float32) {
	var entry [8]byte
	binary.LittleEndian.PutUint32(entry[:], math.Float32bits(score))
	p.store.Set(p.pairKey(user, item), entry[:])
}

// BenchmarkBlockAgainstPair serves the same Zipf load from both layouts in the
// same 4 MiB: 20,000 users, of whom few ask often, each for 200 of their own
// 400 items, popular ones more often. It reports the time and allocations of a
// request, the share of candidates that were known, and the bytes that a known
// pair takes when every user has asked once.
func BenchmarkBlockAgainstPair(b *testing.B) {
	const megabytes, users, own, asked = 4, 20000, 400, 200
	load := func() func() (string, []string) {
		random := rand.New(rand.NewPCG(1, 2))
		userZipf, itemZipf := rand.NewZipf(random, 1.1, 10, users-1), rand.NewZipf(random, 1.1, 100, own-1)
		items, picked := make([]string, asked), map[uint64]bool{}
		return func() (string, []string) {
			user := userZipf.Uint64()
			clear(picked)
			for i := 0; i < asked; {
				if item := itemZipf.Uint64(); !picked[item] {
					picked[item] = true
					items[i] = fmt.Sprint(user*7919 + item)
					i++
				}
			}
			return fmt.Sprint(user), items
		}
	}
	b.Run("block", func(b *testing.B) {
		c := &call{cache: newCache(b, Config{Size: megabytes << 20, TTL: time.Hour})}
		next, known, now := load(), 0, time.Now()
		request := func() {
			user, items := next()
			known += c.lookup(Key{Version: 1, User: user}, items, now)
			c.store(items, now, func(string) float32 { return 1 })
		}
		measure(b, request, &known, asked)
		b.ReportMetric(float64(len(newBlock(nil, own, 0))+40)/own, "B/pair")
	})
	b.Run("pair", func(b *testing.B) {
		p := newPairCache(b, megabytes)
		next, known, scores := load(), 0, make([]float32, asked)
		request := func() {
			user, items := next()
			clear(scores)
			known += p.lookup(user, items, scores)
			for i, item := range items {
				if scores[i] == 0 {
					p.put(user, item, 1)
				}
			}
		}
		measure(b, request, &known, asked)
		// 18 bytes of header, 2 of length, the key and 8 of score in the queue;
		// 16 of hash and index in the map.
		b.ReportMetric(float64(18+2+len(p.pairKey("19999", "158372000"))+8+16), "B/pair")
	})
}

// measure warms the cache with 20,000 requests, then times request and reports
// the share of candidates that were known.
func measure(b *testing.B, request func(), known *int, asked int) {
	for range 20000 {
		request()
	}
	*known = 0
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		request()
		n++
	}
	b.ReportMetric(100*float64(*known)/float64(n*asked), "%known")
}
