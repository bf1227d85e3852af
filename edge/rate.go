package edge

import (
	"sync/atomic"
	"time"
)

// rate is a bucket of tokens that fills evenly. It holds no timer: the moment at
// which the bucket will be full again says how many tokens are in it now.
type rate struct {
	every int64        // nanoseconds from one token to the next
	depth int64        // nanoseconds that an empty bucket takes to fill
	full  atomic.Int64 // when the bucket will be full, in Unix nanoseconds; in the past if it is
}

// newRate returns a full bucket of burst tokens, filled with perSecond.
func newRate(perSecond float64, burst int) *rate {
	every := max(int64(float64(time.Second)/perSecond), 1)
	return &rate{every: every, depth: every * int64(burst)}
}

// take takes a token and returns 0, or, if there is none, how long until there is
// one. Any number of goroutines may ask at a time.
func (r *rate) take(now time.Time) (wait time.Duration) {
	at := now.UnixNano()
	for {
		full := r.full.Load()
		after := max(full, at) + r.every
		if wait := after - at - r.depth; wait > 0 {
			return time.Duration(wait)
		}
		if r.full.CompareAndSwap(full, after) {
			return 0
		}
	}
}
