package pool

import (
	"time"

	"github.com/rankgate/rankgate/rank"
)

// permit is a call's right to one server. It must be ended exactly once.
type permit[C any] struct {
	server *server[C]
	began  time.Duration
	done   func(error) // the breaker's; nil in a panic, when it was not asked
}

// view is what choosing a server needs to know. A new one is made when a server
// comes, goes, or changes its health; a view itself never changes.
type view[C any] struct {
	known    []*server[C] // verified and staying
	eligible []*server[C] // of them, those that are ready and whose breaker is closed
	trialAt  time.Duration
}

const (
	smallPool = 4 // up to here the best of all is chosen
	pickTries = 4
)

// candidates are the servers to choose from. When fewer than half are eligible,
// the others are asked too: the load of all would bring down the few that are left,
// and it is more likely that we misjudge than that most are ill. With none left
// there is nothing to protect, and a refusal at once is better: the caller has
// other places to go to. Trials find out when that is over.
func (v *view[C]) candidates() (from []*server[C], panics bool) {
	if len(v.eligible) > 0 && v.few() {
		return v.known, true
	}
	return v.eligible, false
}

// few reports whether less than half of the servers are eligible.
func (v *view[C]) few() bool { return 2*len(v.eligible) < len(v.known) }

// pick takes a place at the server that a new call should go to.
func (p *Pool[C]) pick(now time.Duration) (permit[C], *rank.Error) {
	for range pickTries {
		v := p.view.Load()
		if now >= v.trialAt {
			if got, ok := p.trial(v, now); ok {
				return got, nil
			}
			v = p.view.Load()
		}
		from, panics := v.candidates()
		s := p.choose(from, nil, now)
		if s == nil {
			return permit[C]{}, p.refusal(v)
		}
		if got, ok := p.begin(s, now, panics); ok {
			return got, nil
		}
	}
	return permit[C]{}, p.refusal(p.view.Load())
}

// alternate returns the server that a second copy of a call should go to: a
// healthy one, never one on trial or one that only a panic would ask.
func (p *Pool[C]) alternate(not *server[C], now time.Duration) *server[C] {
	return p.choose(p.view.Load().eligible, not, now)
}

// choose returns the less loaded of two servers taken at random, or of all if they
// are few or the two are full; nil if all are.
func (p *Pool[C]) choose(from []*server[C], not *server[C], now time.Duration) *server[C] {
	if len(from) > smallPool {
		i, j := int(p.random()*float64(len(from))), int(p.random()*float64(len(from)-1))
		if j >= i {
			j++
		}
		two := [2]*server[C]{from[i], from[j]}
		if best := p.best(two[:], not, now); best != nil {
			return best
		}
	}
	return p.best(from, not, now)
}

func (p *Pool[C]) best(from []*server[C], not *server[C], now time.Duration) *server[C] {
	var best *server[C]
	var least float64
	for _, s := range from {
		if s == not || s.inFlight.Load() >= int64(p.cfg.MaxInFlight) || p.isSilent(s, now) {
			continue
		}
		if load := s.load(now); best == nil || load < least {
			best, least = s, load
		}
	}
	return best
}

// begin takes a place at a server and asks its breaker, which does not count in a
// panic. It fails if the server has changed since the view was made.
func (p *Pool[C]) begin(s *server[C], now time.Duration, panics bool) (permit[C], bool) {
	if !s.enter(p.cfg.MaxInFlight) {
		return permit[C]{}, false
	}
	done, ok := s.health.allow()
	if !ok && !panics {
		s.exit()
		p.look(s)
		return permit[C]{}, false
	}
	s.asked(now)
	return permit[C]{s, now, done}, true
}

// trial takes a place at a server whose time to be tried has come.
func (p *Pool[C]) trial(v *view[C], now time.Duration) (permit[C], bool) {
	for _, s := range v.known {
		if s.health.closed() || !s.ready.Load() || !s.enter(p.cfg.MaxInFlight) {
			continue
		}
		done, ok := s.health.try(now, v.few())
		p.look(s)
		if ok {
			s.asked(now)
			return permit[C]{s, now, done}, true
		}
		s.exit()
	}
	return permit[C]{}, false
}

// refusal says why no server was found.
func (p *Pool[C]) refusal(v *view[C]) *rank.Error {
	if from, _ := v.candidates(); len(from) > 0 {
		return rank.Errorf(rank.Overloaded, "each of the %d servers of pool %s holds as many calls as it may (pools.%s.max_in_flight: %d)",
			len(from), p.cfg.Name, p.cfg.Name, p.cfg.MaxInFlight)
	}
	return rank.Errorf(rank.Unavailable, "none of the %d servers of pool %s is well", p.size(), p.cfg.Name)
}

// A server is silent when it has answered none of several calls for long, while
// others have answered. Timeouts say the same, but only once a budget is over, and
// never if hedges win first; a black hole would take its share of all calls until
// then. A server that answers anything at all, however late, is not silent.
const (
	silentCalls = failuresInRow
	leastSilent = 100 * time.Millisecond
	silentTimes = 4 // its 99th percentile
)

// isSilent reports whether a server is silent, and ejects it if so.
func (p *Pool[C]) isSilent(s *server[C], now time.Duration) bool {
	if s.unanswered.Load() < silentCalls {
		return false // fast path
	}
	from := time.Duration(s.silentFrom.Load())
	patience := leastSilent
	for class := range numClasses {
		patience = max(patience, silentTimes*s.latency.worst(class))
	}
	if now-from < patience || !s.health.closed() {
		return false
	}
	for _, other := range p.view.Load().eligible {
		if other != s && time.Duration(other.heardAt.Load()) > from {
			p.mu.Lock() // of several that notice, one trips
			if s.health.closed() {
				s.health.trip()
			}
			p.mu.Unlock()
			p.look(s)
			return true
		}
	}
	return false
}
