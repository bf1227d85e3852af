package result

import "math"

// Tolerance is the share of the kept figure by which a new one may be worse.
const Tolerance = 0.1

// Regression is a claim whose figure got worse.
type Regression struct {
	Kept Claim
	Now  Claim
	Loss float64 // by which share of the kept figure it is worse: 0.25 is a quarter; may be infinite
}

// Compare finds the claims whose figure in now is worse than in kept, a run on the same
// machine, by more than Tolerance, and by more than chance makes it: the middle halves
// of their rounds do not overlap. A claim that either run could not measure is passed
// over.
func Compare(kept, now *Run) []Regression {
	before := make(map[identity]*Claim, len(kept.Claims))
	for i := range kept.Claims {
		before[kept.Claims[i].identity()] = &kept.Claims[i]
	}
	var found []Regression
	for i := range now.Claims {
		c := &now.Claims[i]
		old, known := before[c.identity()]
		if !known || !old.Measured || !c.Measured {
			continue
		}
		if loss := c.loss(old); loss > Tolerance && !c.overlaps(old) {
			found = append(found, Regression{Kept: *old, Now: *c, Loss: loss})
		}
	}
	return found
}

// identity is what makes a claim the same claim in another run. The bound is not part
// of it: moving the goal does not excuse a worse figure.
type identity struct {
	name, workload, floor, unit string
	atLeast                     bool
}

func (c *Claim) identity() identity {
	return identity{c.Name, c.Workload, c.Floor, c.Unit, c.AtLeast}
}

// loss is by which share of the kept figure the new one is worse, 0 where it is not.
// A figure of nought or less, such as of a difference, has no shares, and is measured
// by the bound.
func (c *Claim) loss(kept *Claim) float64 {
	worse := c.Value - kept.Value
	if c.AtLeast {
		worse = -worse
	}
	if worse <= 0 {
		return 0
	}
	whole := kept.Value
	if whole <= 0 {
		whole = math.Abs(kept.Bound)
	}
	return worse / whole
}

// overlaps tells whether the middle halves of the rounds have a figure in common.
func (c *Claim) overlaps(kept *Claim) bool {
	return c.Low <= kept.High && kept.Low <= c.High
}
