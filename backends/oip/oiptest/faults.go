package oiptest

import (
	"math"
	"time"
)

// Faults are what a Server does wrong. The zero value is a server that is well.
type Faults struct {
	// Delay holds so large a part of the calls back, before they are queued.
	Delay         time.Duration
	DelayFraction float64 // 0.05: each twentieth call

	// Hold keeps the calls that workers have taken until it is closed; nil means not at
	// all. It can't be told to a server in another process.
	Hold <-chan struct{} `json:"-"`

	Slowdown float64 // multiplies the time that calls are served for; 0 means 1

	// Status answers calls with an HTTP status that is not 200, or the gRPC code that
	// is closest; health and metadata too if it is 503.
	Status int

	Truncate  bool // an answer ends in the middle, then the connection is closed
	Reset     bool // likewise, and the connection is reset
	BlackHole bool // everything is read, nothing is answered
	Poison    bool // calls that hold a row with a negative first column are refused whole, as rows that a graph can't take are
	NotReady  bool // readiness says no; calls are served
	Oversize  int  // adds an output of so many bytes to an answer
}

// Set changes what the server does wrong with calls that come from now on.
func (s *Server) Set(f Faults) { s.faults.Store(&f) }

// delay returns for how long the n-th call is held back: the calls that are, lie as
// evenly among the others as they can.
func (f *Faults) delay(n int64) time.Duration {
	if math.Floor(float64(n)*f.DelayFraction) == math.Floor(float64(n-1)*f.DelayFraction) {
		return 0
	}
	return f.Delay
}

// Stats are the counts of a Server since it was started.
type Stats struct {
	Calls     int64 // of Infer that arrived
	Served    int64 // that a worker has scored
	Rows      int64 // in those
	Dropped   int64 // whose caller had left when a worker came to them
	Expired   int64 // whose time was up by then
	Refused   int64 // by a full queue
	Failed    int64 // answered or left as Faults say
	Swallowed int64 // that a black hole took; not in Calls
	Spent     int64 // that arrived with no time left, less than 10 µs
	Unbounded int64 // that arrived without a deadline
	Probes    int64 // questions for readiness, unless a black hole took them
	QueuedNow int64
	BusyNow   int64 // workers that have a call
}

// Stats returns the counts now.
func (s *Server) Stats() Stats {
	return Stats{
		Calls: s.calls.Load(), Served: s.served.Load(), Rows: s.rows.Load(), Dropped: s.dropped.Load(),
		Expired: s.expired.Load(), Refused: s.refused.Load(), Failed: s.failed.Load(), Probes: s.probes.Load(),
		Swallowed: s.swallowed.Load(), Spent: s.spent.Load(), Unbounded: s.unbounded.Load(), QueuedNow: int64(len(s.queue)),
		BusyNow: s.busy.Load(),
	}
}
