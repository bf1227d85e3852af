package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/allegro/bigcache/v3"

	"github.com/rankgate/rankgate/rank"
)

// Cache holds scores in a fixed amount of memory. It is safe for concurrent
// use. A Cache of size 0 holds nothing and always misses.
type Cache struct {
	cfg   Config
	store *bigcache.BigCache // nil if the cache is off
	start time.Time          // tick 0
	stats counters

	// seeds are drawn anew in each process, so that nobody outside can choose
	// ids that collide.
	seeds [2]maphash.Seed
}

// Key says whose scores are meant.
type Key struct {
	Version uint64 // one loaded model version, never reused while this process runs
	User    string
	Context uint64 // digest of the context fields that the version reads
}

// Tick is the unit of expiry, and how much sooner than its TTL a score may expire.
// It divides every TTL that makes sense, and 2³²
// of them are 13 years.
const Tick = 100 * time.Millisecond

// minShard keeps a shard larger than many blocks: bigcache drops a whole shard
// to make room for an entry that does not fit.
const (
	minShard  = 8 * (blockHeader + slotSize*(maxPairs+maxPairs/4+1))
	maxShards = 256
)

// New returns an empty cache.
func New(cfg Config) (*Cache, error) {
	c := &Cache{cfg: cfg, start: time.Now(), seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	if cfg.Size == 0 {
		return c, nil
	}
	if cfg.Size < minShard {
		return nil, rank.FieldError{Path: "cache.size", Message: fmt.Sprintf(
			"%d bytes hold no working set; use %d or more, or 0 to switch the cache off", cfg.Size, minShard)}
	}
	// bigcache counts its limit in whole MiB and divides it by the shards.
	megabytes := max(cfg.Size>>20, 1)
	shards := 1 << (bits.Len(uint(min(cfg.Size/minShard, maxShards))) - 1)
	store, err := bigcache.New(context.Background(), bigcache.Config{
		Shards:             shards,
		LifeWindow:         cfg.TTL + cfg.MaxStale + time.Second, // whole seconds, rounded up
		MaxEntriesInWindow: shards * 64,
		MaxEntrySize:       1 << 10,
		Hasher:             keyHasher{},
		HardMaxCacheSize:   megabytes,
	})
	if err != nil {
		return nil, rank.FieldError{Path: "cache.size", Message: err.Error()}
	}
	c.store = store
	return c, nil
}

// keyHasher takes a key's first eight bytes: keys are seeded digests already.
type keyHasher struct{}

func (keyHasher) Sum64(key string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(key), 8))
}

// Hash returns the hash of a candidate: of its id and of the digest of its own
// fields that the model reads.
func (c *Cache) Hash(id string, fields uint64) uint64 {
	h := maphash.String(c.seeds[0], id)
	if fields != 0 {
		h = bits.RotateLeft64(h, 31)*0x9e3779b97f4a7c15 ^ fields
	}
	return max(h, 1) // 0 marks an empty slot
}

// View is what one request has seen of the cache: the scores of its Key as they
// were when it looked. It is reused from request to request.
type View struct {
	key   [16]byte
	block block // a private copy, nil if there was none
	out   []byte
}

// Forget lets go of what was seen.
func (v *View) Forget() { v.block = nil }

// Lookup fills scores and sources for the candidates whose hashes are known
// under key: SourceCache while they are fresh, SourceStale while they may stand
// in. It returns how many are fresh. Entries of other candidates stay as they
// are. generation is that of the features as they are now.
func (c *Cache) Lookup(v *View, key Key, generation uint64, hashes []uint64, now time.Time, scores []float32, sources []rank.Source) int {
	v.block = nil
	if c.store == nil {
		return 0
	}
	c.digest(&v.key, key)
	entry, err := c.store.Get(unsafe.String(&v.key[0], len(v.key)))
	if err != nil {
		c.stats.misses.Add(uint64(len(hashes)))
		return 0
	}
	v.block = entry
	fresh, stale := 0, 0
	current := v.block.generation() == uint32(generation)
	ticks, maxStale := c.ticks(now), uint32(c.cfg.MaxStale/Tick)
	for i, hash := range hashes {
		slot, found := v.block.find(hash)
		if !found {
			continue
		}
		score, expires := readSlot(slot)
		switch {
		case ticks < expires && current:
			scores[i], sources[i] = score, rank.SourceCache
			fresh++
		case maxStale > 0 && ticks < expires+maxStale:
			scores[i], sources[i] = score, rank.SourceStale
			stale++
		}
	}
	c.stats.hits.Add(uint64(fresh))
	c.stats.stale.Add(uint64(stale))
	c.stats.misses.Add(uint64(len(hashes) - fresh - stale))
	return fresh
}

// Store remembers the scores of the candidates whose source is SourceModel,
// beside what v saw under its key. generation is that of the features before
// they were fetched. Of two requests of one user that end together, the later
// one wins, and the other's new scores are computed again when next asked for.
func (c *Cache) Store(v *View, generation uint64, hashes []uint64, now time.Time, scores []float32, sources []rank.Source) {
	if c.store == nil {
		return
	}
	added, replaced := 0, 0
	for i, source := range sources {
		if source == rank.SourceModel {
			added++
			replaced += c.replaces(v.block, hashes[i], now)
		}
	}
	if added == 0 {
		return
	}
	alive := c.alive(v.block, now)
	kept := min(alive-replaced, maxPairs-min(added, maxPairs))
	merged := newBlock(v.out, min(added, maxPairs)+kept, uint32(generation))
	v.out = merged
	room, expires := min(added, maxPairs), c.ticks(now.Add(c.cfg.TTL))
	stored := 0
	for i, hash := range hashes {
		if sources[i] == rank.SourceModel && stored < room {
			stored += put(merged, hash, scores[i], expires)
		}
	}
	first := c.deadline(now) + 1
	if kept < alive-replaced { // slow path: more pairs than a block holds
		first = max(first, youngest(v.block, kept))
	}
	c.carry(merged, v.block, first, kept+room-stored, now)
	if err := c.store.Set(unsafe.String(&v.key[0], len(v.key)), merged); err != nil {
		c.stats.refused.Add(uint64(added)) // larger than a shard: can't be, by minShard
		return
	}
	c.stats.stored.Add(uint64(stored))
	c.stats.refused.Add(uint64(added - stored))
}

// replaces is 1 if old holds a pair of that hash that may still be of use.
func (c *Cache) replaces(old block, hash uint64, now time.Time) int {
	if old == nil {
		return 0
	}
	if slot, found := old.find(hash); found {
		if _, expires := readSlot(slot); expires > c.deadline(now) {
			return 1
		}
	}
	return 0
}

// put adds a pair that the block does not know yet and returns 1, or 0.
func put(b block, hash uint64, score float32, expires uint32) int {
	slot, found := b.find(hash)
	if found {
		return 0
	}
	writeSlot(slot, hash, score, expires)
	return 1
}

// alive counts the pairs of old that may still be of use.
func (c *Cache) alive(old block, now time.Time) int {
	if old == nil {
		return 0
	}
	n, dead := 0, c.deadline(now)
	old.each(func(_ uint64, _ float32, expires uint32) {
		if expires > dead {
			n++
		}
	})
	return n
}

// carry moves the pairs of old that expire at first or later into merged, unless
// it has them anew: at most room of them, those that expire later first. Scores
// of older features go on as stale ones.
func (c *Cache) carry(merged, old block, first uint32, room int, now time.Time) {
	if old == nil {
		return
	}
	outdated := old.generation() != merged.generation()
	for _, atFirst := range []bool{false, true} {
		old.each(func(hash uint64, score float32, expires uint32) {
			if room == 0 || expires < first || (expires == first) != atFirst {
				return
			}
			if outdated {
				expires = min(expires, c.ticks(now))
			}
			room -= put(merged, hash, score, expires)
		})
	}
}

// youngest returns the expiry of the room-th youngest pair of old.
func youngest(old block, room int) uint32 {
	var all []uint32
	old.each(func(_ uint64, _ float32, expires uint32) { all = append(all, expires) })
	slices.Sort(all)
	return all[len(all)-max(room, 1)]
}

// deadline returns the latest expiry that is past all use at now.
func (c *Cache) deadline(now time.Time) uint32 {
	ticks, maxStale := c.ticks(now), uint32(c.cfg.MaxStale/Tick)
	return ticks - min(ticks, maxStale)
}

// ticks rounds down, and a score is fresh while ticks(now) < its expiry: it
// never lives longer than its TTL.
func (c *Cache) ticks(t time.Time) uint32 { return uint32(t.Sub(c.start) / Tick) }

// digest writes the 128 bits under which key's block is kept.
func (c *Cache) digest(dst *[16]byte, key Key) {
	var mixed [24]byte
	binary.LittleEndian.PutUint64(mixed[8:], key.Version)
	binary.LittleEndian.PutUint64(mixed[16:], key.Context)
	for i, seed := range c.seeds {
		binary.LittleEndian.PutUint64(mixed[:], maphash.String(seed, key.User))
		binary.LittleEndian.PutUint64(dst[8*i:], maphash.Bytes(seed, mixed[:]))
	}
}

// Close frees the cache.
func (c *Cache) Close() error {
	if c.store == nil {
		return nil
	}
	return errors.Join(c.store.Reset(), c.store.Close())
}

// Stats counts candidates looked up and stored since the cache was made.
type Stats struct {
	Hits    uint64 // fresh scores found
	Stale   uint64 // scores found that were past their TTL, or of older features
	Misses  uint64 // candidates without a score
	Stored  uint64 // scores taken in
	Refused uint64 // scores that the memory could not take
	Blocks  int    // entries now: (version, user, context) triples
	Bytes   int    // memory taken by entries, used or not
}

type counters struct {
	hits, stale, misses, stored, refused atomic.Uint64
}

// Stats returns the counters.
func (c *Cache) Stats() Stats {
	s := Stats{
		Hits:    c.stats.hits.Load(),
		Stale:   c.stats.stale.Load(),
		Misses:  c.stats.misses.Load(),
		Stored:  c.stats.stored.Load(),
		Refused: c.stats.refused.Load(),
	}
	if c.store != nil {
		s.Blocks, s.Bytes = c.store.Len(), c.store.Capacity()
	}
	return s
}
