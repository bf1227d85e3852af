package main

import (
	"slices"
	"time"
)

// outcome is what became of a request.
type outcome uint8

const (
	ok       outcome = iota // every score is there
	degraded                // answered, not every score is a model's
	refused                 // 429
	failed                  // anything else, no answer included
)

// sample is one request.
type sample struct {
	due      time.Duration // seen from the beginning of the run
	lag      time.Duration // by which the generator was late
	took     time.Duration // from when it was due until it was answered
	reported time.Duration // what the answer says that it took
	budget   time.Duration // that it asked for; 0: none
	outcome  outcome
	corrupt  bool // a score is wrong, or items are missing or twice there
	number   int  // which request of the load it was; -1 if nobody knows
	version  string

	fresh, cached, fallback int // rows, by where their score came from
}

// samples are the requests of a run, by when they were due.
type samples []sample

// between are the samples that were due from one moment to another.
func (s samples) between(from, to time.Duration) samples {
	at := func(d time.Duration) int {
		i, _ := slices.BinarySearchFunc(s, d, func(s sample, d time.Duration) int { return int(s.due - d) })
		return i
	}
	return s[at(from):at(to)]
}

// where are the samples that match.
func (s samples) where(match func(*sample) bool) samples {
	var kept samples
	for i := range s {
		if match(&s[i]) {
			kept = append(kept, s[i])
		}
	}
	return kept
}

// with are the samples with an outcome.
func (s samples) with(o outcome) samples {
	return s.where(func(s *sample) bool { return s.outcome == o })
}

// count is how many samples match.
func (s samples) count(match func(*sample) bool) int {
	n := 0
	for i := range s {
		if match(&s[i]) {
			n++
		}
	}
	return n
}

// complete is how large a part of the samples has every score; 0 of none.
func (s samples) complete() float64 {
	if len(s) == 0 {
		return 0
	}
	return float64(s.count(func(s *sample) bool { return s.outcome == ok })) / float64(len(s))
}

// percentile is the time that so large a part of the samples has at most; 0 if there
// are none.
func (s samples) percentile(q float64, of func(*sample) time.Duration) time.Duration {
	if len(s) == 0 {
		return 0
	}
	all := make([]time.Duration, len(s))
	for i := range s {
		all[i] = of(&s[i])
	}
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}

func (s samples) took(q float64) time.Duration { return s.percentile(q, tookOf) }

func tookOf(s *sample) time.Duration     { return s.took }
func lagOf(s *sample) time.Duration      { return s.lag }
func reportedOf(s *sample) time.Duration { return s.reported }

func isCorrupt(s *sample) bool { return s.corrupt }
