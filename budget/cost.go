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
// Observe and Doubt must not be called concurrently; Estimate may be called from
// anywhere at any time.
type Cost struct {
	// Written by Observe and Doubt alone.
	weight, sumN, sumT, sumNN, sumNT float64

	// fixed and perRow are the published fit, in nanoseconds, as float64 bits.
	// Written by fit; each is read whole, and a reader that sees one old
	// and one new half errs by no more than one observation's worth.
	fixed, perRow atomic.Uint64
}

// costMemory is how much of the past one observation leaves in place: about
// the last 200 passes count.
const costMemory = 1 - 1.0/200

// Observe notes that a pass of n rows took d.
func (c *Cost) Observe(n int, d time.Duration) {
	x, t := float64(n), float64(d)
	c.weight = c.weight*costMemory + 1
	c.sumN = c.sumN*costMemory + x
	c.sumT = c.sumT*costMemory + t
	c.sumNN = c.sumNN*costMemory + x*x
	c.sumNT = c.sumNT*costMemory + x*t

	c.fit()
}

// Doubt lowers the estimate by a hundredth, without an observation. Like
// Observe, it must not be called concurrently.
func (c *Cost) Doubt() {
	c.sumT *= 0.99
	c.sumNT *= 0.99
	c.fit()
}

func (c *Cost) fit() {
	if c.sumN == 0 {
		return
	}
	meanN, meanT := c.sumN/c.weight, c.sumT/c.weight
	spread := c.sumNN/c.weight - meanN*meanN
	slope := meanT / meanN // all passes alike so far: through the origin
	if spread > 0.01*meanN*meanN {
		slope = (c.sumNT/c.weight - meanN*meanT) / spread
		slope = min(max(slope, 0), meanT/meanN) // neither part may be negative
	}
	c.perRow.Store(math.Float64bits(slope))
	c.fixed.Store(math.Float64bits(meanT - slope*meanN))
}

// Estimate returns the expected time of a pass of n rows.
func (c *Cost) Estimate(n int) time.Duration {
	return time.Duration(math.Float64frombits(c.fixed.Load()) + math.Float64frombits(c.perRow.Load())*float64(n))
}
