package router

import (
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/rank"
)

// Ladder is the places where one version runs, the preferred one first: a pool
// of servers and this process, say. Rows go to the first place that is expected
// to score them in time, and on to the next if it does not: its servers are out
// of reach, overloaded or slow.
type Ladder []Scorer

// Fits tells whether one of the places can score n rows in time.
func (l Ladder) Fits(n int, now, deadline time.Time, class rank.Criticality) bool {
	for i, place := range l {
		if place.Fits(n, now, l.until(i, n, now, deadline), class) {
			return true
		}
	}
	return false
}

// Cost is what the preferred place takes.
func (l Ladder) Cost(n int) time.Duration { return l[0].Cost(n) }

// Score has w scored by the first place that can. The queue and infer times are
// those of all places that tried.
func (l Ladder) Score(w *batcher.Work) error {
	n, deadline := w.Rows.Len(), w.Deadline
	var queue, infer time.Duration
	err := batcher.ErrLate
	for i, place := range l {
		now := time.Now()
		w.Deadline = l.until(i, n, now, deadline)
		if !place.Fits(n, now, w.Deadline, w.Class) {
			continue
		}
		w.Queue, w.Infer = 0, 0
		err = place.Score(w)
		queue, infer = queue+w.Queue, infer+w.Infer
		if !batcher.Elsewhere(err) || left(w.Gone) {
			break
		}
	}
	w.Deadline, w.Queue, w.Infer = deadline, queue, infer
	return err
}

// until is when place i must be done, so that the next one can still score n rows.
func (l Ladder) until(i, n int, now, deadline time.Time) time.Time {
	if i == len(l)-1 {
		return deadline
	}
	return deadline.Add(-reserve(l[i+1].Cost(n), deadline.Sub(now)))
}

// reserve is the part of what is left that is kept for another place, which is
// expected to take cost: half as much again, at most half of all, and nothing if
// that would not be enough.
func reserve(cost, left time.Duration) time.Duration {
	if cost > left/2 {
		return 0
	}
	return min(cost*3/2, left/2)
}

// left asks whether a caller has left.
func left(gone func() bool) bool { return gone != nil && gone() }
