package budget

import (
	"math"
	"sync/atomic"
	"time"
)

// Cost learns what a forward pass of n rows takes: a + b·n, fitted by least
// squares over exponentially weighted observations, so that it follows a
// machine that slows down or a clock that rises. The zero value knows nothing
// and estimates zero.
//
// Observe must not be called concurrently with itself; Estimate may be called
// from anywhere at any time.
type Cost struct {
	// Written by Observe alone.
	weight, sumN, sumT, sumNN, sumNT float64
	told                             bool // passes of several sizes have told fixed from perRow

	// fixed and perRow are the published fit, in nanoseconds, as float64 bits.
	// Written by Observe; each is read whole, and a reader that sees one old
	// and one new half errs by no more than one observation's worth.
	fixed, perRow atomic.Uint64
}

// How much of the past one observation leaves in place. About the last 200
// passes count; fewer when passes have become much slower or faster. A fall is
// believed sooner than a rise, because a stalled machine makes a pass look slow
// and nothing makes one look fast.
const (
	costMemory = 1 - 1.0/200
	afterRise  = 0.9
	afterFall  = 0.5

	settled   = 4 // observations before surprises are told from beginnings
	surprise  = 2 // times the estimate, or its inverse
	believing = 4 // times the estimate at most, however slow a pass was
)

// Observe notes that a pass of n rows took d.
func (c *Cost) Observe(n int, d time.Duration) {
	memory, expected := costMemory, c.Estimate(n)
	switch {
	case c.weight < settled:
	case d > surprise*expected:
		memory, d = afterRise, min(d, believing*expected)
	case d < expected/surprise:
		memory = afterFall
	}
	x, t := float64(n), float64(d)
	c.weight = c.weight*memory + 1
	c.sumN = c.sumN*memory + x
	c.sumT = c.sumT*memory + t
	c.sumNN = c.sumNN*memory + x*x
	c.sumNT = c.sumNT*memory + x*t

	meanN, meanT := c.sumN/c.weight, c.sumT/c.weight
	spread := c.sumNN/c.weight - meanN*meanN
	slope := meanT / meanN // all passes alike so far: through the origin
	switch {
	case spread > 1e-4*meanN*meanN:
		slope = (c.sumNT/c.weight - meanN*meanT) / spread
		c.told = true
	case c.told: // all alike of late: what is known of other sizes stays
		slope = math.Float64frombits(c.perRow.Load())
	}
	slope = min(max(slope, 0), meanT/meanN) // neither part may be negative
	c.perRow.Store(math.Float64bits(slope))
	c.fixed.Store(math.Float64bits(meanT - slope*meanN))
}

// Estimate returns the expected time of a pass of n rows.
func (c *Cost) Estimate(n int) time.Duration {
	return time.Duration(math.Float64frombits(c.fixed.Load()) + math.Float64frombits(c.perRow.Load())*float64(n))
}
