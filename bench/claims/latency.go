package claims

import (
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// objective is what capacity is asked for.
const objective = 20 * time.Millisecond

// load70 is the share of the capacity at which latency is claimed.
const load70 = 0.7

// latency is about how long a caller waits, by the rate at which requests come.
func (s *session) latency() error {
	w := parse("small/200/cold")
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	bare, err := s.site.StartServePass(s.ctx, g)
	if err != nil {
		return err
	}
	defer bare.Close()
	capacity, held, err := s.capacity(g)
	if err != nil {
		return err
	}
	ours := result.Latency{Workload: w.String(), Stack: g.Name(), Limit: objective.Seconds()}
	if held {
		ours.Capacity = capacity
	}
	floor := result.Latency{Workload: w.String(), Stack: bare.Name()}
	for _, share := range []float64{0.1, 0.3, 0.5, load70, 0.9} {
		p, err := s.pairs(g.Target(), bare.Target(), share*capacity, s.rounds(roundsAt(share)))
		if err != nil {
			return err
		}
		ours.Points = append(ours.Points, measure.MedianPoint(p.ours))
		floor.Points = append(floor.Points, measure.MedianPoint(p.floor))
		if share == load70 {
			s.claimAdded(w.String(), p)
		}
	}
	s.result.Latencies = append(s.result.Latencies, ours, floor)
	return nil
}

// roundsAt is how often a rate is tried.
func roundsAt(share float64) int {
	if share == load70 {
		return 12
	}
	return 3
}

// capacity is the highest rate at which a server holds the objective, or, if it holds
// it at none, the first one that was tried: well below what callers reach in a circle.
func (s *session) capacity(g *stack.Server) (rate float64, held bool, err error) {
	slice, err := g.Slice(s.ctx, s.slice(2*time.Second))
	if err != nil {
		return 0, false, err
	}
	most := float64(slice.Requests) / slice.Length.Seconds()
	search := measure.Search{From: 0.3 * most, Step: 1.1, Length: s.slice(2 * time.Second), Objective: objective}
	rate, _, err = search.Run(s.ctx, g.Target())
	if rate == 0 {
		return search.From, false, err
	}
	return rate, true, err
}

// pairs are points of two targets that were asked by turns at the same rate.
type pairs struct{ ours, floor []result.Point }

func (s *session) pairs(ours, floor *measure.Target, rate float64, rounds int) (p pairs, err error) {
	for round := range rounds {
		for _, turn := range []struct {
			of   *measure.Target
			into *[]result.Point
		}{{ours, &p.ours}, {floor, &p.floor}} {
			samples, err := turn.of.At(s.ctx, rate, s.slice(2*time.Second), uint64(round))
			if err != nil {
				return p, err
			}
			*turn.into = append(*turn.into, measure.PointOf(rate, samples))
		}
	}
	return p, nil
}

// between is a figure of two points, round by round.
func (p *pairs) between(f func(ours, floor *result.Point) float64) measure.Figure {
	rounds := make([]float64, len(p.ours))
	for i := range rounds {
		rounds[i] = f(&p.ours[i], &p.floor[i])
	}
	return measure.FigureOf(rounds)
}

// note tells why the figures do not count, "" if they do.
func (p *pairs) note() string {
	ours, floor := measure.MedianPoint(p.ours), measure.MedianPoint(p.floor)
	if ours.Valid && floor.Valid {
		return ""
	}
	return fmt.Sprintf("not valid: in most rounds the generator was late (by %.2g ms at its 99th percentile) or "+
		"answers were not complete (%d of %d)", 1e3*max(ours.Lag, floor.Lag), ours.Failed+floor.Failed, ours.Requests+floor.Requests)
}

func (s *session) claimAdded(workload string, p pairs) {
	for _, c := range []struct {
		quantile string
		bound    float64
		of       func(*result.Point) float64
	}{
		{"p50", 80, func(p *result.Point) float64 { return p.P50 }},
		{"p99", 250, func(p *result.Point) float64 { return p.P99 }},
	} {
		s.claimValid(p.note(), result.Claim{
			Name: c.quantile + " added at 70 % load", Workload: workload, Floor: stack.ServePassName, Unit: "µs", Bound: c.bound,
			Note: fmt.Sprintf("the floor's own %s is %.0f µs", c.quantile,
				1e6*p.between(func(_, floor *result.Point) float64 { return c.of(floor) }).Median),
		}, p.between(func(ours, floor *result.Point) float64 { return 1e6 * (c.of(ours) - c.of(floor)) }))
	}
	s.claimValid(p.note(), result.Claim{
		Name: "p99 / p50 at 70 % load", Workload: workload, Floor: "its own p50", Unit: "×", Bound: 3,
		Note: fmt.Sprintf("the p99 / p50 of %s is %.2f×", stack.ServePassName,
			p.between(func(_, floor *result.Point) float64 { return floor.P99 / floor.P50 }).Median),
	}, p.between(func(ours, _ *result.Point) float64 { return ours.P99 / ours.P50 }))
}

// claimValid adds a claim, which was not measured if there is a reason why.
func (s *session) claimValid(why string, c result.Claim, f measure.Figure) {
	if why == "" {
		s.claim(c, f)
		return
	}
	c.Note = why
	s.result.Claims = append(s.result.Claims, c)
}
