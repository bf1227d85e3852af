package load

import (
	"net/http"
	"slices"
	"time"
)

// Outcome is what became of a request.
type Outcome uint8

// Outcomes.
const (
	OK       Outcome = iota // every score is there
	Degraded                // answered, not every score is a model's
	Refused                 // 429
	Failed                  // anything else, no answer included
)

// Sample is one request.
type Sample struct {
	Due      time.Duration // seen from the beginning of the run
	Lag      time.Duration // by which the generator was late
	Took     time.Duration // from when it was due until it was answered
	Reported time.Duration // what the answer says that it took
	Budget   time.Duration // that it asked for; 0: none
	Outcome  Outcome
	Corrupt  bool // a score is wrong, or items are missing or twice there
	Number   int  // which request of the load it was; -1 if nobody knows
	Version  string

	Fresh, Cached, Fallback int // rows, by where their score came from
}

// Samples are the requests of a run, by when they were due.
type Samples []Sample

// Between are the samples that were due from one moment to another.
func (s Samples) Between(from, to time.Duration) Samples {
	at := func(d time.Duration) int {
		i, _ := slices.BinarySearchFunc(s, d, func(s Sample, d time.Duration) int { return int(s.Due - d) })
		return i
	}
	return s[at(from):at(to)]
}

// Where are the samples that match.
func (s Samples) Where(match func(*Sample) bool) Samples {
	var kept Samples
	for i := range s {
		if match(&s[i]) {
			kept = append(kept, s[i])
		}
	}
	return kept
}

// With are the samples with an outcome.
func (s Samples) With(o Outcome) Samples {
	return s.Where(func(s *Sample) bool { return s.Outcome == o })
}

// Count is how many samples match.
func (s Samples) Count(match func(*Sample) bool) int {
	n := 0
	for i := range s {
		if match(&s[i]) {
			n++
		}
	}
	return n
}

// Corrupt is how many samples are.
func (s Samples) Corrupt() int {
	return s.Count(func(s *Sample) bool { return s.Corrupt })
}

// Complete is how large a part of the samples has every score; 0 of none.
func (s Samples) Complete() float64 {
	if len(s) == 0 {
		return 0
	}
	return float64(s.Count(func(s *Sample) bool { return s.Outcome == OK })) / float64(len(s))
}

// Percentile is the time that so large a part of the samples has at most; 0 if there
// are none.
func (s Samples) Percentile(q float64, of func(*Sample) time.Duration) time.Duration {
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

// Took is how long so large a part of the samples took at most.
func (s Samples) Took(q float64) time.Duration {
	return s.Percentile(q, func(s *Sample) time.Duration { return s.Took })
}

// Lag is by how much the generator was late, at most, for so large a part of the samples.
func (s Samples) Lag(q float64) time.Duration {
	return s.Percentile(q, func(s *Sample) time.Duration { return s.Lag })
}

// Answered notes an HTTP status, as the Judge of a load may begin, and reports whether
// there is an answer to look at.
func (s *Sample) Answered(status uint16) bool {
	s.Outcome, s.Number = Failed, -1
	if status == http.StatusTooManyRequests {
		s.Outcome = Refused
	}
	return status == http.StatusOK
}
