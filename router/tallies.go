package router

import (
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
)

// Tallies counts the messages that a Place was given. The zero value has counted none.
type Tallies struct {
	success, fail, queue, infer timed
	last                        atomic.Int64 // when the last one was answered, in Unix nanoseconds; 0: never
}

// timed is an oip.Tally under way.
type timed struct {
	count atomic.Uint64
	total atomic.Int64
}

func (t *timed) add(took time.Duration) {
	t.count.Add(1)
	t.total.Add(int64(took))
}

func (t *timed) load() oip.Tally {
	return oip.Tally{Count: t.count.Load(), Total: time.Duration(t.total.Load())}
}

// Add counts a message that came at start and has ended now. One that failed may have
// come to no pass, and counts in neither queue nor infer.
func (t *Tallies) Add(start time.Time, err error, queue, infer time.Duration) {
	now := time.Now()
	if err != nil {
		t.fail.add(now.Sub(start))
		return
	}
	t.success.add(now.Sub(start))
	t.queue.add(queue)
	t.infer.add(infer)
	t.last.Store(now.UnixNano())
}

// Statistics returns what was counted.
func (t *Tallies) Statistics() oip.Statistics {
	s := oip.Statistics{Success: t.success.load(), Fail: t.fail.load(), Queue: t.queue.load(), Infer: t.infer.load()}
	if last := t.last.Load(); last != 0 {
		s.LastInference = time.Unix(0, last)
	}
	return s
}
