package main

import (
	"math/rand/v2"
	"time"
)

// schedule is when requests are due, in order, seen from the beginning of a run.
// It does not ask whether those before have been answered.
type schedule []time.Duration

// step is a time in which so many requests are due a second.
type step struct {
	rate   float64
	length time.Duration
}

// constant spaces requests evenly.
func constant(rate float64, length time.Duration) schedule {
	due := make(schedule, 0, int(rate*length.Seconds()))
	for n := range cap(due) {
		due = append(due, time.Duration(float64(n)/rate*float64(time.Second)))
	}
	return due
}

// poisson lets requests come independently of each other, as those of many callers
// do: several at once, then none for a while.
func poisson(random *rand.Rand, steps ...step) schedule {
	var due schedule
	begin := time.Duration(0)
	for _, s := range steps {
		end := begin + s.length
		for at := begin; ; {
			at += time.Duration(random.ExpFloat64() / s.rate * float64(time.Second))
			if at >= end {
				break
			}
			due = append(due, at)
		}
		begin = end
	}
	return due
}

// count is the schedule's first n requests, or all if there are fewer.
func (s schedule) count(n int) schedule { return s[:min(n, len(s))] }

// pacer has vegeta follow a schedule.
type pacer struct {
	due   schedule
	began time.Time // set before the first request
}

// Pace implements vegeta.Pacer. It does the waiting itself, which vegeta would leave to
// time.Sleep.
func (p *pacer) Pace(elapsed time.Duration, hits uint64) (wait time.Duration, stop bool) {
	if hits == 0 {
		p.began = time.Now().Add(-elapsed)
	}
	if hits >= uint64(len(p.due)) {
		return 0, true
	}
	if wait := p.due[hits] - elapsed; wait > 0 {
		sleepFor(wait)
	}
	return 0, false
}

// Rate implements vegeta.Pacer.
func (p *pacer) Rate(time.Duration) float64 {
	if len(p.due) == 0 {
		return 0
	}
	return float64(len(p.due)) / p.due[len(p.due)-1].Seconds()
}
