package batcher

import (
	"slices"
	"sync"
	"time"
)

// Runners is the right to run forward passes, shared by every model of the
// gateway so that together they never use more cores than they may.
type Runners struct {
	size int

	mu sync.Mutex // guards all below, and every Batcher's queue

	// idle counts free runners. While it is positive every queue is empty.
	idle int

	// waiting lists the batchers whose queue is not empty, in no order.
	waiting []*Batcher
}

// NewRunners returns n idle runners; n must be positive.
func NewRunners(n int) *Runners { return &Runners{size: n, idle: n} }

// acquire takes an idle runner for t, or queues t and returns false.
func (r *Runners) acquire(t *ticket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle > 0 {
		r.idle--
		return true
	}
	b := t.batcher
	if len(b.queue) == 0 {
		r.waiting = append(r.waiting, b)
	}
	b.enqueueLocked(t)
	return false
}

// release gives a runner to the most urgent ticket of any model, or makes it
// idle.
func (r *Runners) release() {
	r.mu.Lock()
	next := r.mostUrgentLocked()
	if next == nil {
		r.idle++
	} else {
		next.batcher.removeLocked(0)
		next.claim = leading
	}
	r.mu.Unlock()
	if next != nil {
		next.wake <- lead
	}
}

func (r *Runners) mostUrgentLocked() *ticket {
	var next *ticket
	for _, b := range r.waiting {
		if next == nil || b.queue[0].deadline.Before(next.deadline) {
			next = b.queue[0]
		}
	}
	return next
}

// withdraw takes t out of its queue, unless somebody has claimed it before.
func (r *Runners) withdraw(t *ticket) claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.claim == unclaimed {
		t.batcher.removeLocked(slices.Index(t.batcher.queue, t))
		return withdrawn
	}
	return t.claim
}

// companions claims the waiting tickets of b that may join a pass led by t:
// most urgent first, as long as the whole pass fits b's limit and is expected
// to end before the earliest deadline in it. They are appended to members;
// tickets that could not make their deadline even alone are claimed too, and
// appended to late.
func (r *Runners) companions(t *ticket, now time.Time, members, late []*ticket) (_, _ []*ticket) {
	b := t.batcher
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.alone {
		return members, late
	}
	rows, tightest := t.rows(), t.deadline
	for i := 0; i < len(b.queue); {
		q := b.queue[i]
		switch {
		case now.Add(b.cost.Estimate(q.rows())).After(q.deadline):
			late = append(late, q)
			q.claim = joined
			b.removeLocked(i)
		case q.alone || rows+q.rows() > b.cfg.MaxRows:
			i++ // one behind it may still fit
		case now.Add(b.cost.Estimate(rows + q.rows())).After(earlier(tightest, q.deadline)):
			return members, late
		default:
			rows += q.rows()
			tightest = earlier(tightest, q.deadline)
			members = append(members, q)
			q.claim = joined
			b.removeLocked(i)
		}
	}
	return members, late
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
