package pool

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// latency learns what calls take, by size class, over the last 15 to 30 seconds.
// One quantile for all sizes would hedge every large request and no small one.
type latency struct {
	trigger float64 // the quantile after which a call counts as slow
	classes [numClasses]window
}

// numClasses is how many powers of two of rows are told apart; larger calls count
// with the last.
const numClasses = 14

func classOf(rows int) int { return min(bits.Len(uint(max(rows, 1)-1)), numClasses-1) }

// observe notes that a call of the class took so long.
func (l *latency) observe(class int, now, took time.Duration) {
	l.classes[class].observe(now, took, l.trigger)
}

// slow returns the time after which a call of the class is slower than its like,
// or of the nearest class that is known; 0 if none is. Larger calls are asked
// first: to wait too long costs less than to hedge too early.
func (l *latency) slow(class int) time.Duration {
	for away := range numClasses {
		for _, c := range [2]int{class + away, class - away} {
			if c >= 0 && c < numClasses {
				if d := l.classes[c].slow.Load(); d > 0 {
					return time.Duration(d)
				}
			}
		}
	}
	return 0
}

// typical is the median, and worst the 99th percentile, of the class; 0 if unknown.
func (l *latency) typical(class int) time.Duration {
	return time.Duration(l.classes[class].typical.Load())
}
func (l *latency) worst(class int) time.Duration { return time.Duration(l.classes[class].worst.Load()) }

// window is a histogram in two halves, of which the older one is forgotten when
// the newer one is halfLife old.
type window struct {
	mu                sync.Mutex // guards the next two lines
	turned, refreshed time.Duration
	now, before       half

	// Written under mu, read without it, in nanoseconds; 0 is not known.
	typical, slow, worst atomic.Int64
}

type half struct {
	counts [numBuckets]uint32
	total  uint32
}

const (
	halfLife     = 15 * time.Second
	refreshEvery = 100 * time.Millisecond
	enough       = 100 // calls, to know a high quantile
	enoughMedian = 10

	smallest   = 13 // log2 of the nanoseconds that the first bucket begins with: 8 µs
	octaves    = 24 // up to 137 s
	numBuckets = 8 * octaves
)

func (w *window) observe(now, took time.Duration, trigger float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if age := now - w.turned; age >= halfLife {
		w.before = half{}
		if age < 2*halfLife {
			w.before = w.now
		}
		w.now, w.turned = half{}, now
	}
	w.now.counts[bucketOf(took)]++
	w.now.total++
	total := w.now.total + w.before.total
	if now-w.refreshed >= refreshEvery || total == enough || total == enoughMedian {
		w.refreshed = now
		w.refresh(total, trigger)
	}
}

func (w *window) refresh(total uint32, trigger float64) {
	if total >= enoughMedian {
		w.typical.Store(int64(w.quantile(total, 0.5)))
	}
	if total >= enough {
		w.worst.Store(int64(w.quantile(total, 0.99)))
		w.slow.Store(int64(w.quantile(total, trigger)))
	}
}

// quantile takes the calls of a bucket to lie evenly between its ends.
func (w *window) quantile(total uint32, q float64) time.Duration {
	left := q * float64(total)
	for i := range numBuckets {
		n := float64(w.now.counts[i] + w.before.counts[i])
		if left < n {
			low, high := lowerEnd(i), lowerEnd(i+1)
			return low + time.Duration(left/n*float64(high-low))
		}
		left -= n
	}
	return lowerEnd(numBuckets)
}

// bucketOf counts eight buckets to each doubling.
func bucketOf(d time.Duration) int {
	n := uint64(min(max(d, 1<<smallest), 1<<(smallest+octaves)-1))
	octave := bits.Len64(n) - 1
	return (octave-smallest)*8 + int(n>>(octave-3)&7)
}

func lowerEnd(bucket int) time.Duration {
	return time.Duration(8+bucket%8) << (smallest + bucket/8 - 3)
}
