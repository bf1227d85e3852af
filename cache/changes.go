package cache

import (
	"math/bits"
	"sync/atomic"
)

// changes remembers when entities last changed, in an array of fixed size: users,
// items and pairs share its slots by their hashes. Of two entities in one slot
// the change of one makes scores of the other look stale, which costs a forward
// pass and is never wrong. Nothing is scanned when an entity changes.
type changes struct {
	// all is the tick at which everything changed at once. Written by raise alone,
	// which only ever moves it forward, so a reader sees a change or one later.
	all atomic.Uint64

	// at holds by slot the tick of its latest change, 0 for none; written as all is.
	at    []atomic.Uint64
	shift int // hash>>shift is the slot
}

// Bounds of the array, and how much of the cache's memory it may add: a slot for
// every 512 bytes, 1.6 %.
const (
	minSlots      = 1 << 12
	maxSlots      = 1 << 20
	bytesPerSlots = 512
)

func newChanges(size int) changes {
	slots := min(max(size/bytesPerSlots, minSlots), maxSlots)
	exponent := bits.Len(uint(slots)) - 1
	return changes{at: make([]atomic.Uint64, 1<<exponent), shift: 64 - exponent}
}

// mark notes that the entity with this hash changed.
func (c *changes) mark(hash, tick uint64) { raise(&c.at[hash>>c.shift], tick) }

func (c *changes) when(hash uint64) uint64 { return c.at[hash>>c.shift].Load() }

// raise makes v at least tick. Two changes that end in the other order than they
// began must not move it back.
func raise(v *atomic.Uint64, tick uint64) {
	for {
		old := v.Load()
		if old >= tick || v.CompareAndSwap(old, tick) {
			return
		}
	}
}

// userChanges are the changes that concern one user.
type userChanges struct {
	*changes
	user   uint64 // hash
	common uint64 // latest change of what all candidates share
	reads  Reads
}

func (c *changes) of(reads Reads, user uint64) userChanges {
	u := userChanges{changes: c, user: user, common: c.all.Load(), reads: reads}
	if reads.User {
		u.common = max(u.common, c.when(userSlot(user)))
	}
	return u
}

// last returns the tick of the latest change of anything that the score of an
// item is built on.
func (u *userChanges) last(item uint64) uint64 {
	tick := u.common
	if u.reads.Items {
		tick = max(tick, u.when(item))
	}
	if u.reads.Pairs {
		tick = max(tick, u.when(pairSlot(u.user, item)))
	}
	return tick
}

// userSlot keeps a user apart from the item of the same id.
func userSlot(user uint64) uint64 { return user * 0x9e3779b97f4a7c15 }

// pairSlot is the hash of a pair of hashes.
func pairSlot(user, item uint64) uint64 {
	return bits.RotateLeft64(user, 29)*0xbf58476d1ce4e5b9 ^ item*0x94d049bb133111eb
}
