package page

import (
	"fmt"
	"math"

	"github.com/rankgate/rankgate/bench/result"
)

// claim is a row of the table of claims, as text.
type claim struct {
	Name     string
	Workload string
	Floor    string
	Limit    string // ≤ 1.5×
	Measured string // the median
	Spread   string // the middle half of the rounds; "" if there was one
	Ratio    string // of the figure to its limit
	Verdict  string
	Class    string // of the verdict, for the style sheet
	Note     string
	Worse    string // than the kept figure, and by how much; "" if it is not
	Gauge    *gauge // nil where nothing was measured
}

// gauge places a figure and its limit on a line, in percent of its length.
type gauge struct {
	Low, Width, Value, Limit float64
}

const (
	reached     = "reached"
	notReached  = "not reached"
	notMeasured = "not measured"
)

func claimsOf(run *result.Run, regressions []result.Regression) []claim {
	rows := make([]claim, len(run.Claims))
	for i := range run.Claims {
		rows[i] = claimOf(&run.Claims[i], regressions)
	}
	return rows
}

func claimOf(c *result.Claim, regressions []result.Regression) claim {
	row := claim{
		Name: c.Name, Workload: c.Workload, Floor: c.Floor, Note: c.Note,
		Limit: "≤\u00a0" + withUnit(exact(c.Bound), c.Unit), Measured: none, Ratio: none,
	}
	if c.AtLeast {
		row.Limit = "≥\u00a0" + withUnit(exact(c.Bound), c.Unit)
	}
	row.Verdict, row.Class = verdictOf(c)
	if !c.Measured {
		return row
	}
	row.Measured = quantity(c.Value, c.Unit)
	if c.Low != c.High { // the quarters are equal only if there was one round
		row.Spread = quantity(c.Low, c.Unit) + " to " + quantity(c.High, c.Unit)
	}
	if c.Bound > 0 && c.Value >= 0 {
		row.Ratio = quantity(c.Value/c.Bound, "×")
	}
	row.Gauge = gaugeOf(c)
	for i := range regressions {
		if r := &regressions[i]; r.Now == *c {
			row.Worse = worse(r)
		}
	}
	return row
}

// verdictOf is the verdict in words, and its class.
func verdictOf(c *result.Claim) (words, class string) {
	switch {
	case !c.Measured:
		return notMeasured, "unknown"
	case c.Reached():
		return reached, "good"
	}
	return notReached, "bad"
}

// worse says how a claim fell behind.
func worse(r *result.Regression) string {
	text := fmt.Sprintf("was %s, now %s", quantity(r.Kept.Value, r.Kept.Unit), quantity(r.Now.Value, r.Now.Unit))
	if math.IsInf(r.Loss, 0) {
		return text
	}
	return text + fmt.Sprintf(", %.0f\u00a0%% worse", 100*r.Loss)
}

// gaugeOf is nil for figures of which some are below nought.
func gaugeOf(c *result.Claim) *gauge {
	low, high := min(c.Low, c.Value), max(c.High, c.Value)
	length := 1.25 * max(high, c.Bound)
	if !(low >= 0 && length > 0) || math.IsInf(length, 0) {
		return nil
	}
	return &gauge{
		Low: 100 * low / length, Width: 100 * (high - low) / length,
		Value: 100 * c.Value / length, Limit: 100 * c.Bound / length,
	}
}

// verdicts counts the claims by their verdicts.
type verdicts struct {
	All, Reached, NotReached, NotMeasured, Worse int
}

func verdictsOf(run *result.Run, regressions []result.Regression) verdicts {
	v := verdicts{All: len(run.Claims), Worse: len(regressions)}
	for i := range run.Claims {
		switch words, _ := verdictOf(&run.Claims[i]); words {
		case reached:
			v.Reached++
		case notReached:
			v.NotReached++
		default:
			v.NotMeasured++
		}
	}
	return v
}
