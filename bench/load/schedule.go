package load

import (
	"math/rand/v2"
	"time"
)

// Schedule is when requests are due, in order, seen from the beginning of a run.
// It does not ask whether those before have been answered.
type Schedule []time.Duration

// Step is a time in which requests are due at one rate.
type Step struct {
	Rate   float64 // requests a second
	Length time.Duration
}

// Constant spaces requests evenly, so many a second.
func Constant(rate float64, length time.Duration) Schedule {
	due := make(Schedule, 0, int(rate*length.Seconds()))
	for n := range cap(due) {
		due = append(due, time.Duration(float64(n)/rate*float64(time.Second)))
	}
	return due
}

// Poisson lets requests come independently of each other, as those of many callers
// do: several at once, then none for a while.
func Poisson(random *rand.Rand, steps ...Step) Schedule {
	var due Schedule
	begin := time.Duration(0)
	for _, s := range steps {
		end := begin + s.Length
		for at := begin; ; {
			at += time.Duration(random.ExpFloat64() / s.Rate * float64(time.Second))
			if at >= end {
				break
			}
			due = append(due, at)
		}
		begin = end
	}
	return due
}

// First is the schedule's first n requests, or all if there are fewer.
func (s Schedule) First(n int) Schedule { return s[:min(n, len(s))] }
