package router

import (
	"math"

	"github.com/zeebo/xxh3"
)

// Split sends a share of the users to the canary. Who belongs to it follows
// from the user's id alone: every replica agrees, a restart changes nobody, and
// a share that grows keeps the users that it had. Models have different salts,
// so that the same users are not the guinea pigs of every canary.
type Split struct {
	salt  uint64
	share uint32 // of buckets
}

// buckets is how finely a Split tells users apart: a hundredth of a percent.
const buckets = 10000

// NewSplit returns the split of the given model that takes percent (0 to 100)
// of the users.
func NewSplit(model string, percent float64) Split {
	return Split{salt: xxh3.HashString(model), share: uint32(math.Round(percent * buckets / 100))}
}

// Takes reports whether user is among the split's share.
func (s Split) Takes(user string) bool {
	return xxh3.HashStringSeed(user, s.salt)%buckets < uint64(s.share)
}
