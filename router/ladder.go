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
	err := batcher.ErrLate
	n := w.Rows.Len()
	for i, place := range l {
		now, try := time.Now(), *w
		try.Deadline = l.until(i, n, now, w.Deadline)
		if !place.Fits(n, now, try.Deadline, w.Class) {
			continue
		}
		err = place.Score(&try)
		w.Queue += try.Queue
		w.Infer += try.Infer
		if !batcher.Elsewhere(err) {
			return err
		}
	}
	return err
}

// until is when place i must be done so that the next one can still score n rows,
// if it can at all within half of what is left.
func (l Ladder) until(i, n int, now, deadline time.Time) time.Time {
	if i == len(l)-1 {
		return deadline
	}
	return deadline.Add(-reserve(l[i+1], n, deadline.Sub(now)))
}

// reserve is the part of what is left that is kept for scoring n rows at another
// place: half as much again as it is expected to take, at most half of all.
func reserve(place Scorer, n int, left time.Duration) time.Duration {
	return max(min(place.Cost(n)*3/2, left/2), 0)
}
