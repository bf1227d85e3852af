package pool

import (
	"sync"
	"time"
)

// tokens is the budget of extra sends: over the last ten seconds at most so many
// hedges, and hedges and retries together, per primary. Below that, one extra send
// a second is allowed, so that a service with few calls is not left without.
type tokens struct {
	hedgeShare, share float64

	mu     sync.Mutex
	newest int64 // second that is counted now
	ring   [tokenSeconds]sends
	sum    sends // of the ring
}

// sends counts what was sent in some time.
type sends struct{ primaries, hedges, retries int }

func (s sends) extra() int { return s.hedges + s.retries }

const tokenSeconds = 10

// primary notes a call, which earns its share of an extra send.
func (t *tokens) primary(now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now).primaries++
	t.sum.primaries++
}

// hedge takes a token for a hedge, if there is one.
func (t *tokens) hedge(now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	this := t.turn(now)
	if t.hedgeShare == 0 || !t.affords(this, t.sum.hedges, t.hedgeShare) {
		return false
	}
	this.hedges++
	t.sum.hedges++
	return true
}

// retry takes a token for a retry, if there is one.
func (t *tokens) retry(now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	this := t.turn(now)
	if !t.affords(this, 0, 1) {
		return false
	}
	this.retries++
	t.sum.retries++
	return true
}

// affords reports whether one more is within share, of which spent are gone, and
// within the share of all.
func (t *tokens) affords(this *sends, spent int, share float64) bool {
	if t.share == 0 {
		return false
	}
	earned := float64(t.sum.primaries)
	within := float64(spent+1) <= share*earned && float64(t.sum.extra()+1) <= t.share*earned
	return within || this.extra() == 0 && t.sum.extra() < tokenSeconds
}

// turn forgets the seconds that are over and returns the one of now. Callers read
// the clock before they come here, so one may be a second behind another.
func (t *tokens) turn(now time.Duration) *sends {
	second := max(int64(now/time.Second), t.newest)
	for range min(second-t.newest, tokenSeconds) {
		t.newest++
		old := &t.ring[t.newest%tokenSeconds]
		t.sum.primaries -= old.primaries
		t.sum.hedges -= old.hedges
		t.sum.retries -= old.retries
		*old = sends{}
	}
	t.newest = second
	return &t.ring[second%tokenSeconds]
}
