package redis

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/rankgate/rankgate/features"
)

// keptRows are the decoded rows of one view that are kept in this process, and
// the fetches under way for it.
//
// A row must never be kept past the word that it changed. The word may come while
// the row is on its way, and the simple code, "fetch, then keep", loses it:
//
//	fetch                             word of a change
//	 server answers with the old row
//	                                   a write; the server tells of it
//	                                   drop the kept row: there is none
//	 keep the old row                                            ← for its whole TTL
//
// So a fetch is registered as a flight before the server is asked, and both the
// keeping and the dropping take the lock of the flight's shard: a flight that was
// dropped keeps nothing. A request that comes after the word finds no flight to
// join and asks anew.
type keptRows struct {
	cfg      Cache
	maxStale time.Duration
	start    time.Time
	seed     maphash.Seed // drawn per process, so that nobody can choose ids that collide
	rows     *otter.Cache[uint64, *keptRow]
	recent   recent
	now      latest
	shards   [flightShards]flightShard

	// epoch counts the times that any row may have changed. A row of an earlier
	// epoch is not fresh. Written by dropAll, which adds.
	epoch atomic.Uint64

	// Rows asked for; of the misses, those that a flight was begun for, those that
	// joined one, and those that a row known last stood in for. Every request adds.
	hits, misses, fetched, joined, stale atomic.Uint64
}

const flightShards = 64

// flightShard holds the flights whose hash ends alike.
type flightShard struct {
	mu      sync.Mutex
	flights map[uint64]*flight // guarded by mu
}

func newKeptRows(cfg Cache, maxStale time.Duration) (*keptRows, error) {
	k := &keptRows{cfg: cfg, maxStale: maxStale, start: time.Now(), seed: maphash.MakeSeed(), recent: newRecent(cfg.Size)}
	for i := range k.shards {
		k.shards[i].flights = map[uint64]*flight{}
	}
	var err error
	k.rows, err = otter.New(&otter.Options[uint64, *keptRow]{
		MaximumWeight: uint64(cfg.Size), Clock: &k.now,
		Weigher:          func(_ uint64, e *keptRow) uint32 { return e.weight() },
		OnAtomicDeletion: func(e otter.DeletionEvent[uint64, *keptRow]) { k.letGo(e.Value) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[uint64, *keptRow]) time.Duration {
			left := e.Value.until - e.SnapshotAtNano // not until-read: drop finds no row that the cache holds for expired
			return max(time.Duration(left)+maxStale, 1)
		}),
	})
	return k, err
}

// letGo is told of a row that the cache holds no longer.
func (k *keptRows) letGo(e *keptRow) {
	e.changed.Store(true)
	k.recent.forget(e)
}

// clock is t in nanoseconds since k began.
func (k *keptRows) clock(t time.Time) int64 {
	at := int64(t.Sub(k.start))
	k.now.at.Store(at)
	return at
}

// latest is the clock by which the cache forgets rows: the time that was asked
// for last. To read the real one at each look-up would take a third of it, and
// whether a row is fresh is not the cache's to say.
type latest struct{ at atomic.Int64 }

func (l *latest) NowNano() int64                            { return l.at.Load() }
func (l *latest) Tick(every time.Duration) <-chan time.Time { return time.Tick(every) }

func (k *keptRows) hash(id string) uint64 { return maphash.String(k.seed, id) }

// hashOf is the hash of whom a row is about.
func (k *keptRows) hashOf(user, item string) uint64 {
	switch {
	case item == "":
		return k.hash(user)
	case user == "":
		return k.hash(item)
	default:
		return pairHash(k.hash(user), k.hash(item))
	}
}

func pairHash(user, item uint64) uint64 {
	return bits.RotateLeft64(user, 31)*0x9e3779b97f4a7c15 ^ item
}

// find returns the kept row of the given ids, fresh or not, nil if there is none.
func (k *keptRows) find(hash uint64, user, item string) *keptRow {
	e, ok := k.rows.GetIfPresent(hash)
	if !ok || !e.isOf(user, item) {
		return nil
	}
	return e
}

// fresh returns the kept row of the given ids if it is fresh, else nil.
func (k *keptRows) fresh(hash uint64, user, item string, at int64, epoch uint64) *keptRow {
	if e := k.recent.slot(hash).Load(); e.answers(hash, user, item, at, epoch) {
		return e
	}
	return k.search(hash, user, item, at, epoch)
}

// search is fresh for a row that recent does not have.
func (k *keptRows) search(hash uint64, user, item string, at int64, epoch uint64) *keptRow {
	e := k.find(hash, user, item)
	if e == nil || !e.fresh(at, epoch) {
		return nil
	}
	k.recent.remember(e)
	return e
}

// lastKnown returns the row that was read last if it may still stand in: no
// longer than max_stale past its time.
func (k *keptRows) lastKnown(hash uint64, user, item string, at int64) (*features.Row, bool) {
	if k.maxStale == 0 {
		return nil, false
	}
	e := k.find(hash, user, item)
	if e == nil || at-e.read > int64(k.ttl(e.row)+k.maxStale) {
		return nil, false
	}
	return e.row, true
}

func (k *keptRows) ttl(row *features.Row) time.Duration {
	if row == nil {
		return k.cfg.Negative
	}
	return k.cfg.TTL
}

func (k *keptRows) shard(hash uint64) *flightShard { return &k.shards[hash%flightShards] }

// join returns the flight that is under way for the given ids, or the row if a
// flight has landed since it was looked for; if there is neither it registers
// next. Without the second look a row would be fetched twice:
//
//	one request                another
//	                            finds no row
//	 its flight lands
//	                            finds no flight, and asks the server again
func (k *keptRows) join(next *flight, hash uint64, user, item string, now time.Time) (other *flight, landed *keptRow) {
	at, epoch := k.clock(now), k.epoch.Load()
	shard := k.shard(hash)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	f := shard.flights[hash]
	if f != nil && f.wanted.epoch == epoch && f.wanted.user == user && f.wanted.item == item {
		k.joined.Add(1)
		return f, nil
	}
	if e := k.fresh(hash, user, item, at, epoch); e != nil {
		k.joined.Add(1)
		return nil, e
	}
	next.wanted = &wanted{hash: hash, user: strings.Clone(user), item: strings.Clone(item), epoch: epoch, asked: at}
	shard.flights[hash] = next
	k.fetched.Add(1)
	return nil, nil
}

// land ends a flight: its row is kept unless it failed or was dropped meanwhile.
func (k *keptRows) land(f *flight) {
	of := f.wanted
	shard := k.shard(of.hash)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.flights[of.hash] != f {
		return // dropped, or another pair of ids took its place
	}
	delete(shard.flights, of.hash)
	ttl := k.ttl(f.row)
	if f.mark != features.Sound {
		return
	}
	if ttl <= 0 { // the row known last is none
		k.rows.Invalidate(of.hash)
		return
	}
	jitter := time.Duration(rand.Int64N(int64(ttl)/10 + 1)) //nolint:gosec // to spread work in time takes no secret
	e := of.keep
	if e == nil {
		e = &keptRow{row: f.row}
	}
	e.hash, e.epoch, e.read, e.until = of.hash, of.epoch, of.asked, of.asked+int64(ttl-jitter)
	e.name(of.user, of.item)
	k.rows.Set(of.hash, e)
}

// drop takes the word that a row changed.
func (k *keptRows) drop(user, item string) {
	hash := k.hashOf(user, item)
	shard := k.shard(hash)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.flights, hash)
	if e := k.find(hash, user, item); e != nil {
		e.changed.Store(true)
	}
}

// dropAll takes the word that any row may have changed. Flights under way are of
// an earlier epoch, so nobody joins them and what they bring is not fresh.
func (k *keptRows) dropAll() { k.epoch.Add(1) }

func (k *keptRows) close() {
	k.rows.InvalidateAll()
	k.rows.StopAllGoroutines()
}
