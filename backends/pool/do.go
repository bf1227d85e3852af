package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Do sends a call to a server, perhaps a copy to a second one, and returns the
// first answer. The deadline is ctx's; nothing is sent after it. Errors are
// *rank.Error.
//
// The first attempt runs on the caller's goroutine. Do returns when it has, so the
// caller may rely on Send having ended there; a copy that lost may still be running
// (see Call.Done).
func Do[C, R any](ctx context.Context, p *Pool[C], call *Call[C, R]) (R, error) {
	f := &call.flight
	f.init(ctx, p, call)
	defer f.release()
	p.counts.calls.Add(1)
	var none R
	now := p.now()
	if now >= f.deadline || ctx.Err() != nil {
		return none, p.outOfTime(ctx)
	}
	share := call.Share
	if share == 0 {
		share = 1
	}
	if !p.limit.acquire(share) {
		p.counts.limited.Add(1)
		return none, p.overLimit(share)
	}
	defer p.limit.release()
	first, refusal := p.pick(now)
	if refusal != nil {
		return none, refusal
	}
	p.tokens.primary(now)
	f.arm(first, now)
	defer f.land()
	result, err := f.first(first)
	if err != nil {
		return none, p.inWords(ctx, err, p.now() >= f.deadline)
	}
	return result, nil
}

// flight is a call under way. At most two attempts belong to it: the first,
// and an extra one, which is a hedge on the timer's goroutine or a retry on the
// caller's.
type flight[C, R any] struct {
	pool     *Pool[C]
	call     *Call[C, R]
	caller   context.Context //nolint:containedctx // the timer's goroutine needs it, and the flight ends with the call
	ctx      context.Context //nolint:containedctx // of the attempts
	deadline time.Duration
	attempts [2]Attempt // each written by the goroutine that makes it

	// refs counts who may still touch the call: Do, and the timer from when it is
	// set until it is stopped or its function has returned.
	refs  atomic.Int32
	timer *time.Timer // made once, set again for each use

	notAt *server[C] // where the first attempt is; set before the timer is, and only read then

	// mu guards what follows. Once over is set no hedge begins, and what one that has begun
	// still writes is its end (hedging, winner, hedged, hedgeErr): until there is a winner.
	mu       sync.Mutex
	cancel   context.CancelFunc
	armed    bool
	over     bool          // no hedge may begin any more
	hasHedge bool          // one has begun
	hedging  bool          // and has not returned
	waiting  chan struct{} // closed when it has, if the caller waits for it
	winner   *Attempt      // the attempt whose end is the call's: the other one lost
	hedged   R             // what a hedge that won returned
	hedgeErr error
}

func (f *flight[C, R]) init(ctx context.Context, p *Pool[C], call *Call[C, R]) {
	var none R
	f.pool, f.call, f.caller, f.ctx = p, call, ctx, ctx
	f.deadline = never
	if deadline, ok := ctx.Deadline(); ok {
		f.deadline = deadline.Sub(p.began)
	}
	f.attempts = [2]Attempt{{}, {Extra: true}}
	f.cancel, f.notAt, f.waiting, f.winner = nil, nil, nil, nil
	f.armed, f.over, f.hasHedge, f.hedging = false, false, false, false
	f.hedged, f.hedgeErr = none, nil
	f.refs.Store(1)
}

// first makes the first attempt and sees the call to its end.
func (f *flight[C, R]) first(at permit[C]) (R, error) {
	result, err := f.send(at, &f.attempts[0], false)
	if f.awaitHedge() {
		return f.hedged, f.hedgeErr
	}
	if f.mayRetry(err) {
		if at, ok := f.second(f.pool.tokens.retry); ok {
			f.pool.counts.retries.Add(1)
			return f.send(at, &f.attempts[1], false)
		}
	}
	return result, err
}

// awaitHedge waits for a hedge under way, if the call has no winner yet, and
// reports whether a hedge has won. From then on none begins.
func (f *flight[C, R]) awaitHedge() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.winner == nil && f.hedging {
		f.waiting = make(chan struct{})
		f.mu.Unlock()
		select {
		case <-f.waiting:
		case <-f.caller.Done(): // the hedge ends soon, and loses
		}
		f.mu.Lock()
	}
	f.over = true
	return f.winner == &f.attempts[1]
}

// mayRetry reports whether a second attempt is safe and likely to help, after the
// first has failed and if there was no hedge: one that has begun may still be under
// way, and what it writes must not be looked at. A server that is full is no reason:
// the others are its like, and would get its load on top of their own. It reads without
// the lock: if no hedge has begun by now, none will, and nobody else writes.
func (f *flight[C, R]) mayRetry(err error) bool {
	return !f.hasHedge && err != nil && f.winner == nil && codeOf(err) == rank.Unavailable &&
		(f.attempts[0].Unprocessed || f.call.Idempotent)
}

// send makes one attempt and ends its permit, even if Send panics.
func (f *flight[C, R]) send(at permit[C], a *Attempt, hedge bool) (result R, err error) {
	p := f.pool
	end := ending{rows: f.call.Rows, at: at.began, extra: a.Extra}
	defer func() { p.end(at, &end) }()
	a.Server = at.server.address
	result, err = f.call.Send(f.ctx, at.server.client, a)
	end.at = p.now()
	end.lost = f.settle(a, result, err, hedge)
	end.verdict = f.judge(at, err, end.lost, end.at)
	end.late = end.at >= f.deadline
	end.heard = err == nil || end.verdict == declined || end.verdict == full || end.verdict == failed && !end.late
	if end.lost && err == nil && f.call.Discard != nil {
		f.call.Discard(result)
	}
	return result, err
}

// settle decides whether an attempt that has returned is the winner. If it is, the
// other one is cancelled; if another was, this one has lost and its result must not
// be used.
//
//	first attempt                 hedge
//	                              returns, wins, cancels the first
//	returns a result all the same,
//	finds a winner, discards its own
func (f *flight[C, R]) settle(a *Attempt, result R, err error, hedge bool) (lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if hedge {
		f.hedging = false
		if f.waiting != nil {
			close(f.waiting)
		}
	}
	if f.winner != nil {
		return true
	}
	if !conclusive(err) && f.caller.Err() == nil {
		return false
	}
	f.winner = a
	if hedge {
		f.hedged, f.hedgeErr = result, err
		if err == nil {
			f.pool.counts.hedgeWins.Add(1)
		}
	}
	f.disarm()
	if f.cancel != nil {
		f.cancel()
	}
	return false
}

// land ends the call for the caller: nothing begins any more, and what a hedge
// still returns has lost.
func (f *flight[C, R]) land() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	if f.winner == nil {
		f.winner = &f.attempts[0]
	}
	f.disarm()
	if f.cancel != nil {
		f.cancel()
	}
}

// release gives up one reference. After the last one the call is the caller's again.
func (f *flight[C, R]) release() {
	done := f.call.Done
	if f.refs.Add(-1) == 0 && done != nil {
		done()
	}
}
