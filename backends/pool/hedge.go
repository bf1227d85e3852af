package pool

import (
	"context"
	"runtime/debug"
	"time"
)

// leastDelay is the shortest time after which a call counts as slow: below it a
// timer and a second request cost as much as they could save.
const leastDelay = time.Millisecond

// arm sets the timer of the hedge, if there can be one. Only then do the attempts
// need a context of their own.
func (f *flight[C, R]) arm(at permit[C], now time.Duration) {
	p := f.pool
	f.notAt = at.server
	if !f.call.Hedge || p.cfg.Hedge.Quantile == 0 || p.cfg.Hedge.Budget == 0 || len(p.view.Load().eligible) < 2 {
		return
	}
	slow := p.latency.slow(classOf(f.call.Rows))
	delay := max(slow, leastDelay)
	if slow == 0 || delay >= f.deadline-now {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx, f.cancel = context.WithCancel(f.caller) //nolint:gosec // land calls it
	f.armed = true
	f.refs.Add(1)
	if f.timer == nil {
		f.timer = time.AfterFunc(delay, f.fire)
	} else {
		f.timer.Reset(delay)
	}
}

// disarm stops the timer and gives its reference back. If it is too late for that,
// fire runs or is about to, and gives it back itself.
func (f *flight[C, R]) disarm() {
	if f.armed && f.timer.Stop() {
		f.refs.Add(-1) // never the last: whoever disarms holds one
	}
	f.armed = false
}

// fire runs on the timer's goroutine and is the hedge, if there is to be one.
func (f *flight[C, R]) fire() {
	defer f.release()
	at, ok := f.hedge()
	if !ok {
		return
	}
	f.pool.counts.hedges.Add(1)
	defer f.survive()
	_, _ = f.send(at, &f.attempts[1], true) // settle has kept what it returned, if that is the answer
}

// survive takes a hedge that panicked for one that failed. Nobody stands above the
// timer's goroutine: the panic would end the process, and not only this call.
func (f *flight[C, R]) survive() {
	v := recover()
	if v == nil {
		return
	}
	f.pool.log.Error("a hedge panicked", "panic", v, "stack", string(debug.Stack()))
	f.mu.Lock()
	unsettled := f.hedging
	f.mu.Unlock()
	if unsettled {
		var none R
		f.settle(&f.attempts[1], none, errFailed, true)
	}
}

// hedge decides whether a hedge begins, under the lock that a winner takes to
// declare itself, so that none begins for a call that has its answer.
func (f *flight[C, R]) hedge() (permit[C], bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	if f.over || f.hasHedge || f.winner != nil || f.pool.limit.crowded() {
		return permit[C]{}, false
	}
	at, ok := f.second(f.pool.tokens.hedge)
	f.hasHedge, f.hedging = ok, ok
	return at, ok
}

// second takes a place for the extra attempt, if another server is well, has time
// to answer, and the budget of extra sends affords it.
func (f *flight[C, R]) second(token func(now time.Duration) bool) (permit[C], bool) {
	p, now := f.pool, f.pool.now()
	s := p.alternate(f.notAt, now)
	if s == nil || f.caller.Err() != nil {
		return permit[C]{}, false
	}
	class := classOf(f.call.Rows)
	typical := p.typical(s, class)
	if typical >= f.deadline-now || f.deadline <= now {
		return permit[C]{}, false
	}
	if !token(now) {
		p.counts.unaffordable.Add(1)
		return permit[C]{}, false
	}
	return p.begin(s, now, false)
}

// typical is what a call usually takes at a server, or at all of them if it is new; 0
// if that is not known.
func (p *Pool[C]) typical(s *server[C], class int) time.Duration {
	if own := s.latency.typical(class); own > 0 {
		return own
	}
	return p.latency.typical(class)
}
