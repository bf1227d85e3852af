package batcher

import (
	"slices"
	"sync"
	"sync/atomic"
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

	// queued counts the waiting tickets of all models. Written under mu; wait
	// reads it without, to see that it need not take mu.
	queued atomic.Int64
}

// NewRunners returns n idle runners, one at least.
func NewRunners(n int) *Runners { return &Runners{size: max(n, 1), idle: max(n, 1)} }

// wait is how long work with that deadline that comes now is expected to wait
// for a runner: behind what is more urgent, and not behind what is less.
func (r *Runners) wait(deadline time.Time) time.Duration {
	if r.queued.Load() == 0 { // fast path
		return 0
	}
	var before time.Duration
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.waiting {
		for _, q := range b.queue[:min(len(b.queue), maxScan)] {
			if q.deadline.After(deadline) {
				break
			}
			before += q.cost
		}
	}
	return before / time.Duration(r.size)
}

// acquire takes an idle runner for t, or queues t and returns false.
func (r *Runners) acquire(t *ticket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle > 0 {
		r.idle--
		return true
	}
	if len(t.batcher.queue) == 0 {
		r.waiting = append(r.waiting, t.batcher)
	}
	t.batcher.enqueueLocked(t)
	return false
}

// release gives a runner to the most urgent ticket of any model that can still
// make its deadline, or to one that will take it along, or makes it idle. Tickets
// that cannot are let go.
func (r *Runners) release() {
	var late []*ticket
	r.mu.Lock()
	next := r.mostUrgentLocked()
	for ; next != nil && next.hopeless(time.Now()); next = r.mostUrgentLocked() {
		next.batcher.removeLocked(0, joined)
		late = append(late, next)
	}
	if next == nil {
		r.idle++
	} else {
		i := next.batcher.leaderLocked(time.Now())
		next = next.batcher.queue[i]
		next.batcher.removeLocked(i, leading)
	}
	r.mu.Unlock()
	if next != nil {
		next.wake <- lead
	}
	for _, t := range late {
		t.finish(ErrLate)
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
		t.batcher.removeLocked(slices.Index(t.batcher.queue, t), withdrawn)
	}
	return t.claim
}

// maxScan bounds the waiting tickets of a model that are looked at under the
// lock.
const maxScan = 256

// leaderLocked returns the place in the queue of the ticket that leads the next pass:
// the most urgent one, which can so be no later than the pass. Of a pass that can be
// given up it is the one with the latest deadline among those that the most urgent
// one would take along. A leader must stay until the end, and the others leave when
// their own deadlines have come:
//
//	leader, 10 ms                 companion, 50 ms
//	runs a pass, which hangs
//	10 ms: gives it up
//	                              goes without scores for which there was time
func (b *Batcher) leaderLocked(now time.Time) int {
	first, leader := b.queue[0], 0
	if !b.cfg.Remote || first.alone {
		return leader
	}
	for i, rows := 1, first.rows(); i < min(len(b.queue), maxScan); i++ {
		if total := rows + b.queue[i].rows(); b.canJoin(b.queue[i], total, first.deadline, now) {
			rows, leader = total, i
		}
	}
	return leader
}

// canJoin reports whether q may join a pass that then has total rows and that must
// end by deadline.
func (b *Batcher) canJoin(q *ticket, total int, deadline, now time.Time) bool {
	return !q.alone && total <= b.cfg.MaxRows && !now.Add(b.cost.Estimate(total)).After(deadline)
}

// companions claims the waiting tickets of t's model that may join a pass led
// by t and appends them to members: most urgent first, each that still fits the
// pass's size and lets it end before the earliest deadline in it. A pass that can
// be given up is none for tickets with later deadlines than t's.
func (r *Runners) companions(t *ticket, now time.Time, members []*ticket) []*ticket {
	b := t.batcher
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, tightest := t.rows(), t.deadline
	for i := 0; i < min(len(b.queue), maxScan) && !t.alone; {
		q := b.queue[i]
		total, deadline := rows+q.rows(), earlier(tightest, q.deadline)
		if !b.canJoin(q, total, deadline, now) || b.cfg.Remote && q.deadline.After(t.deadline) {
			i++ // one behind it may still fit
			continue
		}
		rows, tightest = total, deadline
		members = append(members, q)
		b.removeLocked(i, joined)
	}
	return members
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
