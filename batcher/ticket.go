package batcher

import (
	"sync"
	"time"

	"github.com/rankgate/rankgate/model"
)

// ticket is one request's place, or one part of a large request's, on its way
// through the batcher. It is made by the request's goroutine; while it waits,
// another request's goroutine may claim it and lead the pass that scores it.
type ticket struct {
	batcher  *Batcher
	work     *Work
	from, to int // rows of work
	deadline time.Time
	entered  time.Time
	alone    bool          // shares no pass; set before it is queued
	detail   bool          // its work has a Sink; set before it is queued
	cost     time.Duration // what it was expected to cost when it was queued; guarded by Runners.mu

	// wake carries the one message that ends a wait: lead or done. It is
	// buffered, so the sender never waits.
	wake  chan message
	timer *time.Timer

	claim claim // guarded by Runners.mu

	// mu guards what follows and, while the ticket is not abandoned, the
	// leader's use of work. Without it:
	//
	//	leader                          owner
	//	sees that nobody has left
	//	                                deadline passes, the owner leaves
	//	                                its rows and scores go to a pool
	//	                                another request fills them
	//	writes scores into them         answers with somebody else's scores
	mu        sync.Mutex
	abandoned bool

	// Written by the leader before it sends done, by the owner otherwise.
	err   error
	queue time.Duration
	infer time.Duration
}

// claim says who has taken a ticket out of its queue.
type claim uint8

const (
	unclaimed claim = iota // it waits, or never had to
	leading                // its owner is given a runner
	joined                 // the leader of another pass takes it along
	withdrawn              // its owner left the queue
)

type message uint8

const (
	lead message = iota // a runner is yours: lead a pass
	done                // your scores, or your err, are there
)

func newTicket() any {
	t := &ticket{wake: make(chan message, 1), timer: time.NewTimer(time.Hour)}
	t.timer.Stop()
	return t
}

func (t *ticket) rows() int { return t.to - t.from }

// write puts rows [from, to) of the ticket's work into a pass, unless its owner
// has left.
func (t *ticket) write(tensors *model.Tensors, from, to, at, request int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.abandoned {
		return false
	}
	t.work.Rows.Write(tensors, from, to, at, request)
	return true
}

// deliver hands the ticket's owner, if it is there, what p gave for part q of its
// work, which stood in the pass from row at on.
func (t *ticket) deliver(p Pass, scores []float32, q part, at int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.abandoned {
		return
	}
	if t.work.Scores != nil {
		copy(t.work.Scores[q.from:q.to], scores[at:])
	}
	if t.work.Sink != nil {
		t.work.Sink.Take(p, at, q.to-q.from, q.from)
	}
}

// abandon is the owner's leaving: from now on nobody touches its work.
func (t *ticket) abandon() {
	t.mu.Lock()
	t.abandoned = true
	t.mu.Unlock()
}

// gone asks whether the caller of a waiting ticket has left. An owner that has
// abandoned its ticket is not asked.
func (t *ticket) gone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.abandoned && t.work.Gone != nil && t.work.Gone()
}

// hopeless tells whether a pass of the ticket's rows that starts now would end
// too late.
func (t *ticket) hopeless(now time.Time) bool { return t.batcher.late(t.rows(), now, t.deadline) }

// finish wakes the owner of a claimed ticket.
func (t *ticket) finish(err error) {
	t.err = err
	t.wake <- done
}
