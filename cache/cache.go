package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
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
	start time.Time          // tick 0, which is no moment of use: 0 means never
	stats counters

	changes changes

	// seeds are drawn anew in each process, so that nobody outside can choose
	// ids that collide.
	seeds [2]maphash.Seed
}

// Key says whose scores are meant.
type Key struct {
	Version uint64 // one loaded model version, never reused while this process runs
	User    string
	Context uint64 // digest of the context fields that the version reads
	Reads   Reads
}

// Reads says whose stored features a model version reads, and so whose changes
// its scores depend on.
type Reads struct{ User, Items, Pairs bool }

// Candidates are the candidates of one request, by two hashes each.
type Candidates struct {
	IDs    []uint64 // HashID of the item
	Hashes []uint64 // Hash of the item and its own fields
}

// Tick is the unit of time here. A score may expire a tick sooner than its TTL,
// and does not count as fresh if one of its entities changed in the tick in
// which its features were looked up. 2³² ticks are 49 days.
const Tick = time.Millisecond

// MaxTTL bounds Config.TTL and Config.MaxStale, so that the age of a score that
// is of any use fits into 32 bits.
const MaxTTL = 20 * 24 * time.Hour

// minShard keeps a shard larger than many blocks: bigcache drops a whole shard
// to make room for an entry that does not fit.
const (
	minShard  = 8 * (blockHeader + slotSize*(maxPairs+maxPairs/4+1))
	maxShards = 256
)

// New returns an empty cache.
func New(cfg Config) (*Cache, error) {
	c := &Cache{cfg: cfg, start: time.Now().Add(-Tick), seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
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
	c.changes = newChanges(cfg.Size)
	return c, nil
}

// keyHasher takes a key's first eight bytes: keys are seeded digests already.
type keyHasher struct{}

func (keyHasher) Sum64(key string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(key), 8))
}

// HashID returns the hash of an item's id.
func (c *Cache) HashID(id string) uint64 { return max(maphash.String(c.seeds[0], id), 1) }

// Hash returns the hash of a candidate, of its id's hash and of the digest of
// its own fields that the model reads. Without such fields it is the id's.
func (c *Cache) Hash(id, fields uint64) uint64 {
	if fields == 0 {
		return id
	}
	return max(bits.RotateLeft64(id, 31)*0x9e3779b97f4a7c15^fields, 1) // 0 marks an empty slot
}

// Lookup fills sources, and scores for the candidates that are known under key:
// SourceCache while they are fresh, SourceStale while they may stand in. It
// returns how many are fresh. Other candidates are SourceFallback, and their
// scores stay as they are.
//
// It is to be called before the features of any candidate are: a score that
// Store takes in later is as old as this look-up. So a change of features in
// between makes it look older than it is, never younger.
func (c *Cache) Lookup(v *View, key Key, of Candidates, now time.Time, scores []float32, sources []rank.Source) int {
	v.Forget()
	clear(sources)
	if c.store == nil {
		return 0
	}
	c.digest(v, key)
	v.seen = c.ticks(now)
	v.young = c.get(&v.youngKey, v.seen) // before old: see write
	v.old = c.get(&v.oldKey, v.seen)
	if v.old == nil && v.young == nil {
		c.stats.misses.Add(uint64(len(of.Hashes)))
		return 0
	}
	l := look{
		Candidates: of, scores: scores, sources: sources, changes: c.changes.of(key.Reads, c.HashID(key.User)),
		freshAfter: since(v.seen, c.ttl()), staleAfter: since(v.seen, c.ttl()+c.maxStale()),
	}
	if c.cfg.MaxStale == 0 {
		l.staleAfter = math.MaxUint64
	}
	l.take(v.old)
	l.take(v.young)
	fresh, stale := l.count()
	c.stats.hits.Add(uint64(fresh))
	c.stats.stale.Add(uint64(stale))
	c.stats.misses.Add(uint64(len(of.Hashes) - fresh - stale))
	return fresh
}

// Overtaken reports whether all features were replaced since v looked.
func (c *Cache) Overtaken(v *View) bool { return c.store != nil && c.changes.all.Load() >= v.seen }

// Changed tells that features of a user, of an item, or of the pair of both have
// changed; an empty id means that it is not about one. From now on the scores
// built on them are stale. It waits for nothing and may be called from anywhere.
func (c *Cache) Changed(user, item string) {
	if c.store == nil {
		return
	}
	var hash uint64
	switch {
	case item == "":
		hash = userSlot(c.HashID(user))
	case user == "":
		hash = c.HashID(item)
	default:
		hash = pairSlot(c.HashID(user), c.HashID(item))
	}
	c.changes.mark(hash, c.ticks(time.Now()))
}

// ChangedAll is Changed for everything at once.
func (c *Cache) ChangedAll() {
	if c.store != nil {
		raise(&c.changes.all, c.ticks(time.Now()))
	}
}

// Store remembers the scores of the candidates whose source is SourceModel,
// beside what v saw under its key. asOf is when the oldest of the features behind
// them was read if that was before v looked, as it is where rows are kept without
// being told of changes; the zero time means that none is older. Of two requests
// of one user at a time, either may lose its new scores, which are computed again
// when next asked for.
func (c *Cache) Store(v *View, asOf time.Time, of Candidates, now time.Time, scores []float32, sources []rank.Source) {
	if c.store == nil {
		return
	}
	ticks := c.ticks(now)
	made := min(v.seen, ticks)
	if !asOf.IsZero() {
		made = min(made, c.ticks(asOf))
	}
	first := since(ticks, c.ttl()+c.maxStale()) + 1 // made before it is of no use any more
	added, used := 0, 0
	for _, source := range sources {
		switch source {
		case rank.SourceModel:
			added++
		case rank.SourceCache:
			used++
		default: // neither new nor to be kept
		}
	}
	// A request of more candidates than a block holds keeps what it could use: to
	// store others in its place would write a full block each time, for nothing.
	room := min(added, maxPairs-min(used, maxPairs))
	if room == 0 || made < first {
		c.stats.refused.Add(uint64(added))
		return
	}
	pairs := min(room+v.young.alive(first, nil), maxPairs)
	v.youngs = newBlock(v.youngs, pairs, ticks)
	young, stored := block(v.youngs), 0
	for i, hash := range of.Hashes {
		if sources[i] == rank.SourceModel && stored < room {
			stored += young.put(hash, scores[i], made)
		}
	}
	young.carry(v.young, first, pairs-stored) // of more than a block holds, those in the last slots go
	if err := c.write(v, young, first); err != nil {
		c.stats.refused.Add(uint64(added)) // larger than a shard: can't be, by minShard
		return
	}
	c.stats.stored.Add(uint64(stored))
	c.stats.refused.Add(uint64(added - stored))
}

// write stores young, or both blocks as one. A look-up that took old first could miss
// what is known:
//
//	look-up                write
//	old = as it was
//	                       old = both
//	                       young is deleted
//	young = none
//
// So it takes young first, and at worst sees a pair twice.
func (c *Cache) write(v *View, young block, first uint64) error {
	if len(v.old) > youngShare*len(young) {
		return c.store.Set(name(&v.youngKey), young)
	}
	if err := c.store.Set(name(&v.oldKey), v.merge(young, first)); err != nil {
		return err
	}
	if v.young != nil {
		_ = c.store.Delete(name(&v.youngKey)) // fails if it is gone already
	}
	return nil
}

// get returns a copy of the block under key, nil if there is none of any use.
func (c *Cache) get(key *blockKey, ticks uint64) block {
	entry, err := c.store.Get(name(key))
	if err != nil || c.dead(entry, ticks) {
		return nil
	}
	return entry
}

// dead reports whether every score of a block is past all use. bigcache returns
// entries long after their time if their shard is idle.
func (c *Cache) dead(b block, ticks uint64) bool {
	return ticks > b.written() && ticks-b.written() >= c.ttl()+c.maxStale()
}

func (c *Cache) ttl() uint64      { return uint64(c.cfg.TTL / Tick) }
func (c *Cache) maxStale() uint64 { return uint64(c.cfg.MaxStale / Tick) }

// since returns the tick so many before another, or 0.
func since(tick, ago uint64) uint64 { return tick - min(tick, ago) }

// ticks rounds down, so that a score's features are never younger than said.
func (c *Cache) ticks(t time.Time) uint64 { return uint64(max(t.Sub(c.start)/Tick, 1)) }

// digest writes the 128 bits each under which key's blocks are kept.
func (c *Cache) digest(v *View, key Key) {
	var mixed [24]byte
	binary.LittleEndian.PutUint64(mixed[8:], key.Version)
	binary.LittleEndian.PutUint64(mixed[16:], key.Context)
	for i, seed := range c.seeds {
		binary.LittleEndian.PutUint64(mixed[:], maphash.String(seed, key.User))
		binary.LittleEndian.PutUint64(v.oldKey[8*i:], maphash.Bytes(seed, mixed[:]))
	}
	v.youngKey = v.oldKey
	v.youngKey[0] ^= 1 // another entry, in the neighbouring shard if there are several
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
	Blocks  int    // entries now: one or two for each (version, user, context)
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
