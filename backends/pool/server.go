package pool

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/budget"
)

// server is one of the pool's servers and what is known about it.
type server[C any] struct {
	address string
	client  C
	health  health

	inFlight        atomic.Int64
	calls, failures atomic.Uint64

	verified atomic.Bool // a probe has succeeded once: it holds what it should
	ready    atomic.Bool // so say the latest probes

	objection atomic.Pointer[error] // what the latest probe failed with, nil if it did not

	leaving atomic.Bool // no call begins; closed when the last one ends
	closed  sync.Once
	close   func()
	stop    func() // ends its probes, one that is under way included

	// unanswered counts calls since the server last answered one; silentFrom is when
	// the first of them began, and heardAt when it answered.
	unanswered          atomic.Int64
	silentFrom, heardAt atomic.Int64

	eligible bool // in the latest view; under the pool's lock
	latency  latency

	mu      sync.Mutex    // held by who writes what follows; the atomics are read without it
	peak    atomic.Uint64 // float64 bits: what a call takes, in nanoseconds
	learned atomic.Int64  // when
	risen   atomic.Int64  // when it became eligible
	usual   float64       // calls in flight beside a new one
	cost    budget.Cost
}

const (
	decay     = 10 * time.Second // of the peak, as in Finagle
	slowStart = 4 * time.Second
	leastPart = 0.1 // of its full weight, with which a server begins

	worstPenalty = float64(time.Second)
)

// enter takes one of limit places. Between the two steps of leaving (no more
// calls; close when none is left) a call may have counted itself in, so it looks
// again after it has:
//
//	enter          leave
//	leaving? no
//	               leaving = true
//	               none in flight: close
//	inFlight++                             and speaks through a closed client
func (s *server[C]) enter(limit int) bool {
	if s.inFlight.Add(1) > int64(limit) || s.leaving.Load() {
		s.exit()
		return false
	}
	return true
}

func (s *server[C]) exit() {
	if s.inFlight.Add(-1) == 0 && s.leaving.Load() {
		s.closed.Do(s.close)
	}
}

// leave lets the calls in flight end, and then closes the client.
func (s *server[C]) leave() {
	s.stop()
	s.leaving.Store(true)
	if s.inFlight.Load() == 0 {
		s.closed.Do(s.close)
	}
}

// load says how loaded the server is for the purpose of choosing: its peak
// latency, which rises at once and decays slowly, times the calls that would then
// be in flight, more while it is new.
func (s *server[C]) load(now time.Duration) float64 {
	weight := float64(now-time.Duration(s.risen.Load())) / float64(slowStart)
	return max(s.peakAt(now), float64(time.Microsecond)) *
		float64(s.inFlight.Load()+1) / min(max(weight, leastPart), 1)
}

func (s *server[C]) peakAt(now time.Duration) float64 {
	return math.Float64frombits(s.peak.Load()) * s.kept(now)
}

// kept is the weight that what was learned still has.
func (s *server[C]) kept(now time.Duration) float64 {
	return math.Exp(-float64(max(now-time.Duration(s.learned.Load()), 0)) / float64(decay))
}

// rise makes the server eligible, as slow as the others are on average.
func (s *server[C]) rise(now time.Duration, others float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.risen.Store(int64(now))
	s.learned.Store(int64(now))
	s.peak.Store(math.Float64bits(others))
	s.unanswered.Store(0)
}

// asked notes that a call begins.
func (s *server[C]) asked(now time.Duration) {
	s.calls.Add(1)
	if s.unanswered.Add(1) == 1 {
		s.silentFrom.Store(int64(now))
	}
}

// heard notes that the server has answered something.
func (s *server[C]) heard(now time.Duration) {
	s.unanswered.Store(0)
	s.heardAt.Store(int64(now))
}

// observe learns from a good answer to a call of so many rows.
func (s *server[C]) observe(rows int, now, took time.Duration) {
	s.latency.observe(classOf(rows), now, took)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cost.Observe(rows, took)
	s.usual += (float64(s.inFlight.Load()-1) - s.usual) / 32
	s.raise(now, float64(took))
}

// penalize makes the server look twice as slow, so that one which fails fast does
// not look like the fastest and draw all calls.
func (s *server[C]) penalize(now, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raise(now, max(float64(took), min(2*s.peakAt(now), worstPenalty)))
}

// raise moves the peak up at once, and down by the weight of the time gone.
func (s *server[C]) raise(now time.Duration, took float64) {
	peak := math.Float64frombits(s.peak.Load())
	if took < peak {
		took += (peak - took) * s.kept(now)
	}
	s.peak.Store(math.Float64bits(took))
	s.learned.Store(int64(now))
}

// expect estimates what a call of so many rows would take. What it takes with the
// usual number of calls beside it is learned; more of them make it that much longer,
// and fewer that much shorter, as if they all waited for each other: where they do
// not, a call too many is sent, and where they do, none is turned away while there is
// no queue any more.
func (s *server[C]) expect(rows int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	crowd := float64(s.inFlight.Load()+1) / (s.usual + 1)
	return time.Duration(float64(s.cost.Estimate(rows)) * crowd)
}
