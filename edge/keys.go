package edge

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Keys is who may ask and how often. It holds hashes, never a key, so nothing
// that is printed of it can open a door. The zero value knows nobody. It may be
// asked and replaced at the same time.
type Keys struct {
	known atomic.Pointer[keySet]
}

// keySet finds a key by the first bytes of its hash. Those bytes tell nothing by
// the time they take: to steer them is to invert SHA-256. All others are compared
// in constant time.
type keySet map[uint64][]*key

type key struct {
	name  string
	hash  [sha256.Size]byte
	rate  *rate       // nil if the key may ask as often as it likes
	often *rank.Error // what is said above the rate
}

// Verdict is what Keys says to a request.
type Verdict struct {
	// Refused is nil if the request may go on, Unauthorized if its credential is
	// missing or not known, and Overloaded if it comes too soon.
	Refused *rank.Error

	// After is when a request that came too soon would have come in time.
	After time.Duration
}

var (
	noKey    = Verdict{Refused: rank.Errorf(rank.Unauthorized, "key: missing; send Authorization: Bearer KEY, or X-Api-Key: KEY")}
	wrongKey = Verdict{Refused: rank.Errorf(rank.Unauthorized, "key: not among those that are known (auth.keys)")}
)

// Check says whether who sends credential may ask now. Asking counts against the
// key's rate.
func (k *Keys) Check(credential []byte, now time.Time) Verdict {
	if len(credential) == 0 {
		return noKey
	}
	hash := sha256.Sum256(credential)
	found := k.find(&hash)
	if found == nil {
		return wrongKey
	}
	if found.rate != nil {
		if wait := found.rate.take(now); wait > 0 {
			return Verdict{found.often, wait}
		}
	}
	return Verdict{}
}

func (k *Keys) find(hash *[sha256.Size]byte) *key {
	known := k.known.Load()
	if known == nil {
		return nil
	}
	for _, candidate := range (*known)[prefix(hash)] {
		if subtle.ConstantTimeCompare(candidate.hash[:], hash[:]) == 1 {
			return candidate
		}
	}
	return nil
}

// Replace makes the keys in text those that are known; parseKeys says what text
// is. A key whose rate stays the same keeps what it has used of it. With an error
// the old keys stay.
func (k *Keys) Replace(text string) error {
	list, err := parseKeys(text)
	if err != nil {
		return err
	}
	set := make(keySet, len(list))
	for _, one := range list {
		old := k.find(&one.hash)
		if old != nil && old.rate != nil && one.rate != nil && old.rate.every == one.rate.every && old.rate.depth == one.rate.depth {
			one.rate = old.rate
		}
		at := prefix(&one.hash)
		set[at] = append(set[at], one)
	}
	k.known.Store(&set)
	return nil
}

func prefix(hash *[sha256.Size]byte) uint64 { return binary.LittleEndian.Uint64(hash[:]) }
