package pool

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Stats is what a Pool has done since it was made, and how it is now.
type Stats struct {
	Calls        uint64 // Do, refused ones included
	Hedges       uint64 // second copies sent because the first took long
	HedgeWins    uint64 // of them, those whose answer was used
	Retries      uint64 // second copies sent because the first failed
	Unaffordable uint64 // second copies not sent because the budget of extra sends was spent
	Limited      uint64 // calls refused at the learned limit
	InFlight     int    // calls
	Limit        int    // calls that may be in flight, as learned
	Servers      []ServerStats
}

// ServerStats is one server of a pool.
type ServerStats struct {
	Address  string
	State    State
	InFlight int           // calls
	Calls    uint64        // copies of calls sent there
	Failures uint64        // of them, those that count as failures
	Peak     time.Duration // latency: rises at once, decays over ten seconds
	Err      error         // of the latest probe, nil if it succeeded or none has ended
}

// State says whether a server is sent calls.
type State uint8

const (
	Unproven State = iota // no probe has succeeded yet
	Well                  // takes calls
	Unready               // its probes fail
	Ejected               // its breaker is open
	Trial                 // its breaker is half open: one call at a time tries it
	NumStates
)

var stateNames = [NumStates]string{"unproven", "well", "unready", "ejected", "trial"}

func (s State) String() string { return stateNames[s] }

// Stats returns the counters. Each is exact; together they are a moment apart.
func (p *Pool[C]) Stats() Stats {
	s := Stats{
		Calls:        p.counts.calls.Load(),
		Hedges:       p.counts.hedges.Load(),
		HedgeWins:    p.counts.hedgeWins.Load(),
		Retries:      p.counts.retries.Load(),
		Unaffordable: p.counts.unaffordable.Load(),
		Limited:      p.counts.limited.Load(),
		InFlight:     int(p.limit.held.Load()),
		Limit:        int(p.limit.value()),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, server := range p.servers {
		s.Servers = append(s.Servers, server.stats())
	}
	return s
}

// counters are added to by calls and read by Stats.
type counters struct {
	calls, hedges, hedgeWins, retries, unaffordable, limited atomic.Uint64
}

func (s *server[C]) stats() ServerStats {
	stats := ServerStats{
		Address:  s.address,
		State:    s.state(),
		InFlight: int(s.inFlight.Load()),
		Calls:    s.calls.Load(),
		Failures: s.failures.Load(),
		Peak:     time.Duration(math.Float64frombits(s.peak.Load())),
	}
	if err := s.objection.Load(); err != nil {
		stats.Err = *err
	}
	return stats
}

func (s *server[C]) state() State {
	breaker := gobreaker.State(s.health.state.Load())
	switch {
	case !s.verified.Load():
		return Unproven
	case !s.ready.Load():
		return Unready
	case breaker == gobreaker.StateOpen:
		return Ejected
	case breaker == gobreaker.StateHalfOpen:
		return Trial
	default:
		return Well
	}
}
