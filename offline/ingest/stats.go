package ingest

import (
	"sync/atomic"
	"time"
)

// Stats counts what one source's events became. Every field may be read at any
// time.
type Stats struct {
	Source string // "redis" or "kafka"

	Written    atomic.Uint64 // rows stored
	Older      atomic.Uint64 // rows that the store had newer ones of
	Expired    atomic.Uint64 // rows too old to be used
	Superseded atomic.Uint64 // events of which a newer one came in the same batch
	Dead       [NumReasons]atomic.Uint64

	Redelivered atomic.Uint64 // events that may have been delivered before, to this consumer or to one that died
	Batches     atomic.Uint64
	Failed      [NumSteps]atomic.Uint64 // attempts that failed and were repeated

	Lag    atomic.Int64 // events of the whole group that wait; -1 if it is not known
	Delay  Delays       // from an event's arrival at the source until it could be read from the store
	Newest []atomic.Int64
}

// Step is a part of what happens to a batch.
type Step uint8

const (
	Read Step = iota
	Write
	Bury
	Acknowledge
	NumSteps
)

var stepNames = [NumSteps]string{"read", "write", "bury", "acknowledge"}

func (s Step) String() string { return stepNames[s] }

// DelayBounds are the upper bounds of the buckets of Delays.
var DelayBounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second,
	2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 10 * time.Minute, time.Hour,
}

// Delays is a histogram of delays. A clock that lags behind the source's makes
// delays of 0, an arrival that is none (an entry with an id of its producer's
// making) one of a day.
type Delays struct {
	Buckets [len(DelayBounds) + 1]atomic.Uint64 // the last has no bound
	Sum     atomic.Int64                        // nanoseconds
}

func (d *Delays) add(delay time.Duration) {
	delay = min(max(delay, 0), 24*time.Hour)
	i := 0
	for i < len(DelayBounds) && delay > DelayBounds[i] {
		i++
	}
	d.Buckets[i].Add(1)
	d.Sum.Add(int64(delay))
}
