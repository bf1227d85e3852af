package pool

import (
	"context"
	"errors"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// verdict is what the end of an attempt says about the server.
type verdict uint8

const (
	failed   verdict = iota
	nothing          // it lost, its caller left, or it had too little time to begin with
	good             // it answered
	declined         // it refused what was sent, and rightly
	full             // it refused for lack of room
)

// ending is the end of an attempt. The zero value is what a Send leaves behind that
// panicked.
type ending struct {
	verdict verdict
	rows    int
	at      time.Duration
	lost    bool // another attempt had decided
	extra   bool
	late    bool // the deadline has passed
	heard   bool // the server answered something
}

// judge tells failures of the server from those that are not its own.
func (f *flight[C, R]) judge(at permit[C], err error, lost bool, now time.Duration) verdict {
	if lost || errors.Is(f.caller.Err(), context.Canceled) {
		return nothing
	}
	if err == nil {
		return good
	}
	switch code := codeOf(err); {
	case now >= f.deadline || code == rank.DeadlineExceeded:
		if f.deadline-at.began < overdue*f.worst(at.server) {
			return nothing // the server can't be blamed for a budget that was nearly spent
		}
		return failed
	case code == rank.Overloaded:
		return full
	case code == rank.Unavailable:
		return failed
	default:
		return declined
	}
}

// overdue is how many times what a call takes at worst it must have had to count as a
// failure. Under overload the worst is what the budgets are: with 1, a server whose queue
// is full would be taken for one that is ill, and its calls sent to the next one.
const overdue = 2

// worst is what a call like this takes at the server when it takes long, or what one
// takes at all where too few are known; 0 if none is.
func (f *flight[C, R]) worst(s *server[C]) time.Duration {
	class := classOf(f.call.Rows)
	if own := s.latency.worst(class); own > 0 {
		return own
	}
	if all := f.pool.latency.worst(class); all > 0 {
		return all
	}
	return s.cost.Estimate(f.call.Rows)
}

// end gives a permit back and learns from how the attempt ended.
func (p *Pool[C]) end(at permit[C], e *ending) {
	s, class, took := at.server, classOf(e.rows), e.at-at.began
	if e.heard {
		s.heard(e.at)
	}
	verdictOf := errNothing
	switch e.verdict {
	case good:
		verdictOf = nil
		s.observe(e.rows, e.at, took)
		p.limit.observe(class, e.at, took)
	case declined:
		verdictOf = nil
	case full:
		s.penalize(e.at, took)
		p.limit.refused(e.at)
	case failed:
		verdictOf = errFailed
		s.failures.Add(1)
		s.penalize(e.at, took)
	case nothing:
	}
	if e.late && !e.lost && took >= p.typical(s, class) {
		p.limit.refused(e.at)
	}
	// A first attempt that lost, or was given up, took at least so long, which is
	// longer than the trigger: it counts there, or the slowest would be missing from
	// the quantile, and each new one would be lower than the last.
	if !e.extra && (e.verdict == good || e.lost || e.late && took > p.latency.slow(class)) {
		p.latency.observe(class, e.at, took)
	}
	if (e.verdict == good || e.late) && p.doubted.Load() != 0 {
		p.doubted.Store(0)
	}
	if at.done != nil {
		at.done(verdictOf)
	}
	s.exit()
	p.look(s)
}

// conclusive reports whether another attempt could not do better.
func conclusive(err error) bool {
	if err == nil {
		return true
	}
	code := codeOf(err)
	return code != rank.Unavailable && code != rank.Overloaded && code != rank.DeadlineExceeded
}

// codeOf takes an error without a code for a server that can't be spoken with.
func codeOf(err error) rank.Code {
	if coded, ok := errors.AsType[*rank.Error](err); ok {
		return coded.Code
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return rank.DeadlineExceeded
	}
	return rank.Unavailable
}

// outOfTime refuses a call that may not begin any more.
func (p *Pool[C]) outOfTime(ctx context.Context) *rank.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errCallerLeft
	}
	return rank.Errorf(rank.DeadlineExceeded, "the budget was spent before pool %s could be asked", p.cfg.Name)
}

var errCallerLeft = rank.Errorf(rank.Unavailable, "the caller has left")

func (p *Pool[C]) overLimit(share float64) *rank.Error {
	limit := p.limit.value()
	return rank.Errorf(rank.Overloaded, "pool %s: %d calls are in progress, and more would only make all of them slower "+
		"(learned limit: %.0f, of which calls of this class may fill %.0f %%; at most pools.%s.max_in_flight, %d, per server)",
		p.cfg.Name, p.limit.held.Load(), limit, 100*share, p.cfg.Name, p.cfg.MaxInFlight)
}

// inWords gives the caller an error with a code, and the one that fits what ended
// the call.
func (p *Pool[C]) inWords(ctx context.Context, err error, late bool) *rank.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errCallerLeft
	}
	if late && !conclusive(err) {
		return rank.Errorf(rank.DeadlineExceeded, "pool %s did not answer within the budget", p.cfg.Name)
	}
	if coded, ok := errors.AsType[*rank.Error](err); ok {
		return coded
	}
	return rank.Errorf(rank.Unavailable, "pool %s: %v", p.cfg.Name, err)
}
