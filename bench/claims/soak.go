package claims

import (
	"context"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// Times of the soak.
const (
	SoakLength = 30 * time.Minute
	SoakSettle = 8 * time.Minute // for the cache to fill, which is not counted
	SoakStep   = 5 * time.Second // between two looks
)

// soak is about memory that stays what it is. It takes longer than the usual run has.
func (s *session) soak() error {
	w := parse("small/100-700/90%")
	claim := result.Claim{
		Name: "growth of the resident memory in an hour, seen for 30 minutes", Workload: w.String(), Unit: "%", Bound: 1,
	}
	if s.length == Usual {
		claim.Note = "only the long run measures it (make bench ARGS=--full)"
		s.result.Claims = append(s.result.Claims, claim)
		return nil
	}
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	step, settle, length := SoakStep, SoakSettle, SoakLength
	if s.length == Brief {
		step, settle, length = brief, brief, 4*brief
	}
	soaked, err := Soak(s.ctx, g, step, settle, length)
	if err != nil {
		return err
	}
	s.result.Series = append(s.result.Series, result.Series{
		Name: "Resident memory under load", X: "minutes", Y: "MB",
		Text:   "A level line means that nothing is kept for ever. The first minutes, in which the cache fills, are left out.",
		Curves: []result.Curve{{Name: stack.GatewayName, XY: soaked.Curve}},
	})
	claim.Note = soaked.Completeness()
	s.claimValid(soaked.Invalid(), claim, exactly(100*soaked.Hourly()))
	return nil
}

// mostIncomplete is the share of a soak's answers that may not be complete: with more,
// the server was not as busy as it was meant to be.
const mostIncomplete = 0.001

// Soaked is what was seen of a server under load.
type Soaked struct {
	Curve               [][2]float64 // resident memory, in MB by minutes
	Answers, Incomplete int          // refused, degraded and lost ones are not complete
}

// Mean is that of all measurements, in MB.
func (s *Soaked) Mean() (mean float64) {
	for _, p := range s.Curve {
		mean += p[1] / float64(len(s.Curve))
	}
	return mean
}

// Hourly is by which share of its mean the memory grows in an hour, by least squares.
func (s *Soaked) Hourly() float64 { return 60 * measure.Slope(s.Curve) / s.Mean() }

// Completeness says how many answers were not complete.
func (s *Soaked) Completeness() string {
	return fmt.Sprintf("%d of %d answers were not complete", s.Incomplete, s.Answers)
}

// Invalid says why the figures do not count, "" if they do.
func (s *Soaked) Invalid() string {
	if s.Answers > 0 && float64(s.Incomplete) <= mostIncomplete*float64(s.Answers) {
		return ""
	}
	return "not valid: " + s.Completeness()
}

// Soak keeps a server busy at a quarter of what it can do at first: while users come
// back, more is known of each, and to look that up costs more. What it holds is noted
// after each step, once it has had time to settle.
func Soak(ctx context.Context, g *stack.Server, step, settle, length time.Duration) (*Soaked, error) {
	slice, err := g.Slice(ctx, 2*time.Second)
	if err != nil {
		return nil, err
	}
	rate := float64(slice.Requests) / slice.Length.Seconds() / 4
	var s Soaked
	for began, n := time.Now(), uint64(0); time.Since(began) < settle+length; n++ {
		samples, err := g.Target().At(ctx, rate, step, n)
		if err != nil {
			return nil, err
		}
		s.Answers += len(samples)
		s.Incomplete += len(samples) - len(samples.With(load.OK))
		bytes, err := g.RSS()
		if err != nil {
			return nil, err
		}
		if at := time.Since(began) - settle; at >= 0 {
			s.Curve = append(s.Curve, [2]float64{at.Minutes(), float64(bytes) / 1e6})
		}
	}
	return &s, nil
}
