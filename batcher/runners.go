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

	party []*ticket // spare memory of partyLocked; empty

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
		t.party = append(t.party, t)
		return true
	}
	if len(t.batcher.queue) == 0 {
		r.waiting = append(r.waiting, t.batcher)
	}
	t.batcher.enqueueLocked(t)
	return false
}

// release gives a runner to the most urgent ticket of any model that can still
// make its deadline, and to the party that it makes up, or makes it idle. Tickets
// that are too late are let go.
func (r *Runners) release() {
	var late []*ticket
	var leader *ticket
	r.mu.Lock()
	next := r.mostUrgentLocked()
	for ; next != nil && next.hopeless(time.Now()); next = r.mostUrgentLocked() {
		next.batcher.removeLocked(0, joined)
		late = append(late, next)
	}
	if next == nil {
		r.idle++
	} else {
		leader = r.partyLocked(next, time.Now())
	}
	r.mu.Unlock()
	if leader != nil {
		leader.wake <- lead
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

// partyLocked takes the most urgent ticket of its model out of the queue, and those
// that may share its pass: most urgent first, each that still fits the pass's size
// and lets it end before t's deadline. t leads, who can so be no later than the pass.
// Of a pass that can be given up the leader is the one with the latest deadline,
// because it must stay until then, and the others leave when their own has come:
//
//	leader, 10 ms                 companion, 50 ms
//	runs a pass, which hangs
//	10 ms: gives it up
//	                              goes without scores for which there was time
func (r *Runners) partyLocked(t *ticket, now time.Time) (leader *ticket) {
	b := t.batcher
	b.removeLocked(0, joined)
	rows, party := t.rows(), r.party
	party = append(party, t)
	for i := 0; i < min(len(b.queue), maxScan) && !t.alone; {
		q := b.queue[i]
		total := rows + q.rows()
		if q.alone || total > b.cfg.MaxRows || now.Add(b.cost.Estimate(total)).After(t.deadline) {
			i++ // one behind it may still fit
			continue
		}
		rows = total
		party = append(party, q)
		b.removeLocked(i, joined)
	}
	if last := len(party) - 1; b.cfg.Remote { // the queue is in the order of deadlines
		party[0], party[last] = party[last], party[0]
	}
	leader = party[0]
	leader.claim = leading
	leader.party, r.party = party, leader.party
	return leader
}
