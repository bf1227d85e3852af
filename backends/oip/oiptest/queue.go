package oiptest

import (
	"math/rand/v2"
	"time"
)

// job is a call that waits for a worker.
type job struct {
	rows     int
	deadline time.Time   // zero: none
	gone     func() bool // whether the caller has left
	done     chan outcome
}

// outcome is what became of a job.
type outcome uint8

const (
	served outcome = iota
	dropped
	expired
	refused
	stopped // the server is closing
)

// await takes a call through the queue.
func (s *Server) await(rows int, deadline time.Time, gone func() bool) outcome {
	j := &job{rows: rows, deadline: deadline, gone: gone, done: make(chan outcome, 1)}
	select {
	case s.queue <- j:
	default:
		s.refused.Add(1)
		return refused
	}
	select {
	case o := <-j.done:
		return o
	case <-s.closed:
		return stopped
	}
}

// serveQueue is a worker.
func (s *Server) serveQueue() {
	for {
		select {
		case <-s.closed:
			return
		case j := <-s.queue:
			j.done <- s.serve(j)
		}
	}
}

func (s *Server) serve(j *job) outcome {
	switch {
	case j.gone():
		s.dropped.Add(1)
		return dropped
	case !j.deadline.IsZero() && time.Now().After(j.deadline):
		s.expired.Add(1)
		return expired
	}
	s.busy.Add(1)
	defer s.busy.Add(-1)
	s.pause(s.takes(j.rows))
	s.hold()
	s.served.Add(1)
	s.rows.Add(int64(j.rows))
	return served
}

// hold waits for as long as Faults say, unless the server closes first.
func (s *Server) hold() {
	if until := s.faults.Load().Hold; until != nil {
		select {
		case <-until:
		case <-s.closed:
		}
	}
}

// takes is for how long a call keeps a worker busy.
func (s *Server) takes(rows int) time.Duration {
	factor := 1 + s.cfg.Jitter*rand.ExpFloat64() //nolint:gosec // nobody gains from guessing it
	if slow := s.faults.Load().Slowdown; slow > 0 {
		factor *= slow
	}
	return time.Duration(factor * float64(s.cfg.PerCall+time.Duration(rows)*s.cfg.PerRow))
}

// pause waits, unless the server closes first.
func (s *Server) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.closed:
	}
}
