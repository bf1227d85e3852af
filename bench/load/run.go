package load

import "time"

// Run is what came of a load.
type Run struct {
	Samples
	Length time.Duration  // from its beginning to its last answer
	Words  map[string]int // what was said of failures
}

// Goodput is how many complete answers there were a second.
func (r *Run) Goodput() float64 { return float64(len(r.With(OK))) / r.Length.Seconds() }

// stride is how far apart the windows begin in which a run may have recovered.
const stride = 50 * time.Millisecond

// Recovered is how long after a moment the first window began that is as it should
// be; a day if there is none.
func (r *Run) Recovered(from, window time.Duration, good func(Samples) bool) time.Duration {
	for at := from; at+window <= r.Length; at += stride {
		if part := r.Between(at, at+window); len(part) > 0 && good(part) {
			return at - from
		}
	}
	return 24 * time.Hour
}
