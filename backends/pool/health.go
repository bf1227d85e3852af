package pool

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// health is one server's breaker. gobreaker counts and decides; how long it stays
// open is kept here, because gobreaker's own time is fixed and half of them would
// come back at the same moment: it is set to less than any of ours.
//
// The state that gobreaker holds behind its lock is mirrored in atomics, written
// under that lock by changed. What changed must not do there is to ask the breaker
// anything (it would wait for itself), so it leaves a note for whoever caused it.
type health struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	clock   func() time.Duration
	random  func() float64

	state atomic.Int32 // a gobreaker.State
	since atomic.Int64 // when it opened, or its latest trial began
	wait  atomic.Int64 // from then to the next trial
	few   atomic.Bool  // that trial was made while few servers were well
	note  atomic.Bool  // the state has changed and the view has not

	opens    int           // without a long good time between them; under the breaker's lock
	closedAt time.Duration // under the breaker's lock
}

const (
	breakerWindow  = 10 * time.Second
	failuresInRow  = 5
	leastCalls     = 20 // in that time, before the share of failures counts
	firstOpen      = time.Second
	longestOpen    = 30 * time.Second
	gobreakersOpen = firstOpen / 4 // below the shortest of ours, which is half of firstOpen
)

// errNothing ends a call that says nothing about the server; errFailed one that
// says that it is unwell.
var (
	errNothing = errors.New("no verdict")
	errFailed  = errors.New("failed")
)

func (h *health) init(clock func() time.Duration, random func() float64) {
	h.clock, h.random = clock, random
	if random == nil {
		h.random = rand.Float64
	}
	h.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Interval: breakerWindow, BucketPeriod: time.Second, Timeout: gobreakersOpen,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			judged := c.TotalSuccesses + c.TotalFailures // those in progress, and those without a verdict, are not
			return c.ConsecutiveFailures >= failuresInRow || judged >= leastCalls && 2*c.TotalFailures >= judged
		},
		IsExcluded:    func(err error) bool { return errors.Is(err, errNothing) },
		OnStateChange: func(_ string, _, to gobreaker.State) { h.changed(to) },
	})
}

// changed runs under the breaker's lock.
func (h *health) changed(to gobreaker.State) {
	now := h.clock()
	switch to {
	case gobreaker.StateClosed:
		h.closedAt = now
	case gobreaker.StateHalfOpen:
	case gobreaker.StateOpen:
		if now-h.closedAt > longestOpen && h.closed() {
			h.opens = 0 // it was well for long: a new illness
		}
		wait := min(firstOpen<<h.opens, longestOpen)
		if h.closed() || !h.few.Load() {
			h.opens = min(h.opens+1, 5) // 32 s, beyond the longest
		}
		h.wait.Store(int64(wait - time.Duration(h.random()*float64(wait/2))))
		h.since.Store(int64(now))
	}
	h.state.Store(int32(to))
	h.note.Store(true)
}

func (h *health) closed() bool { return h.state.Load() == int32(gobreaker.StateClosed) }

// nextTrial is the moment from which one call may try whether the server is well
// again. While few others are, it never takes long, and trials that fail do not
// make it longer: what ails most servers is not theirs, and may end any moment.
func (h *health) nextTrial(few bool) time.Duration {
	wait := time.Duration(h.wait.Load())
	if few {
		wait = min(wait, firstOpen)
	}
	return time.Duration(h.since.Load()) + wait
}

// allow lets a call through a closed breaker. The returned function must be called
// exactly once.
func (h *health) allow() (done func(error), ok bool) {
	if !h.closed() {
		return nil, false
	}
	done, err := h.breaker.Allow()
	return done, err == nil
}

// try lets one call through an open breaker when its time has come. Whatever
// becomes of that call, and even if it hangs, the next trial waits its time: a call
// that loses against its hedge leaves the breaker half open without a verdict, and
// without the wait every single call would be sent to a black hole in turn.
func (h *health) try(now time.Duration, few bool) (done func(error), ok bool) {
	since := h.since.Load()
	if h.closed() || now < h.nextTrial(few) || !h.since.CompareAndSwap(since, int64(now)) {
		return nil, false
	}
	h.few.Store(few)
	done, err := h.breaker.Allow()
	h.note.Store(true)
	return done, err == nil
}

// trip opens a closed breaker at once: it reports as many failures as it takes.
func (h *health) trip() {
	for range failuresInRow {
		if done, ok := h.allow(); ok {
			done(errFailed)
		}
	}
}
