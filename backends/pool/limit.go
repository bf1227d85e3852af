package pool

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// limiter learns how many calls the servers hold at once before more of them only
// makes all of them slower: the gradient of Netflix's concurrency-limits. While
// calls take what they took over a long time, the limit grows by a small queue;
// when they take longer, it shrinks by as much.
type limiter struct {
	held  atomic.Int64  // calls in progress
	limit atomic.Uint64 // float64 bits; written under mu, read by every call without it

	mu      sync.Mutex // guards what follows
	most    float64    // what the servers may hold at all
	learned bool       // anything

	// Of the span of learning that began at turned.
	turned               time.Duration
	good, bad, gradients float64 // answers, refusals, and the sum of the answers' gradients
	busy                 bool    // half of the limit was in use

	classes [numClasses]trend
}

// trend is what calls of one size take, in nanoseconds, lately and over a long time.
type trend struct {
	short, long float64
	n           int
}

const (
	leastLimit = 20  // a gradient of fewer calls is noise
	firstPart  = 0.5 // of what the servers may hold, with which it begins: both ways are short
	queue      = 4.0
	tolerance  = 1.5 // calls may take that much longer before the limit shrinks
	smoothing  = 0.25

	limitSpan = 100 * time.Millisecond

	shortSpan, longSpan = 10, 600 // calls
	crowded             = 0.8     // of the limit: no time for hedges
)

// acquire takes a place; share is the part of the limit that the caller's kind of
// call may fill.
func (l *limiter) acquire(share float64) bool {
	if n := l.held.Add(1); n > 1 && float64(n) > share*l.value() {
		l.held.Add(-1)
		return false
	}
	return true
}

func (l *limiter) release() { l.held.Add(-1) }

func (l *limiter) value() float64 { return math.Float64frombits(l.limit.Load()) }

func (l *limiter) crowded() bool { return float64(l.held.Load()) > crowded*l.value() }

// resize sets what the servers may hold at most, all of them together. While no
// server is known a call is refused for that, and not for the limit.
func (l *limiter) resize(most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case most == 0 && l.value() > 0:
		return // what was learned may soon be true again
	case most == 0:
		most = leastLimit
	}
	l.most = float64(most)
	limit := l.value()
	if !l.learned {
		limit = firstPart * l.most
	}
	l.set(limit)
}

// observe learns from a call that a server answered. Errors and losers say
// nothing about how long a call takes, and must be left out.
func (l *limiter) observe(class int, now, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &l.classes[class]
	t.n++
	t.short = average(t.short, float64(took), t.n, shortSpan)
	t.long = average(t.long, float64(took), t.n, longSpan)
	if t.long > 2*t.short {
		t.long *= 0.95 // what was slow is over
	}
	l.good++
	l.gradients += min(max(tolerance*t.long/t.short, 0.5), 1)
	l.busy = l.busy || float64(l.held.Load()) >= l.value()/2
	l.turn(now)
}

// refused learns from a server that was full, or that had a call for as long as calls
// take and did not answer: all of them waiting in its queue look like this.
func (l *limiter) refused(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bad++
	l.turn(now)
}

// turn ends a span of learning when it is over. Each moves the limit once: what a call
// took tells of a limit that was there when it began.
func (l *limiter) turn(now time.Duration) {
	if now-l.turned < limitSpan {
		return
	}
	limit := l.value()
	switch {
	case l.bad > 0:
		limit *= 1 - 0.5*l.bad/(l.bad+l.good)
		l.learned = true
	case l.busy: // else too few calls to say that the limit is too low
		gradient := l.gradients / l.good
		next := limit * gradient
		if gradient == 1 {
			next += queue // only then: added always, the limit would creep up under overload
		}
		limit += smoothing * (next - limit)
		l.learned = true
	}
	l.turned, l.good, l.bad, l.gradients, l.busy = now, 0, 0, 0, false
	l.set(limit)
}

func (l *limiter) set(limit float64) {
	limit = min(max(limit, leastLimit), max(l.most, 1))
	l.limit.Store(math.Float64bits(limit))
}

// average returns the moving average of about span values, of which v is the nth.
func average(old, v float64, n, span int) float64 {
	return old + (v-old)*max(1/float64(n), 2/float64(span+1))
}
