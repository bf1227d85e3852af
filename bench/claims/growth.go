package claims

import (
	"fmt"
	"math"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// growth is about how the cost of a request grows with its candidates, and with how
// many of them are scored already.
func (s *session) growth() error {
	g, err := s.site.StartGateway(s.ctx, parse("small/200/cold"), stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	if err := s.byCandidates(g); err != nil {
		return err
	}
	return s.byHits(g)
}

func (s *session) byCandidates(g *stack.Server) error {
	own := result.Curve{Name: stack.GatewayName + " beyond " + stack.ReplyName}
	whole, floor := result.Curve{Name: stack.GatewayName}, result.Curve{Name: floorsName}
	var each []float64 // seconds by candidate
	for _, n := range []int{100, 200, 300, 500, 1000} {
		records, err := s.beside(g, fmt.Sprintf("small/%d/cold", n))
		if err != nil {
			return err
		}
		each = append(each, measure.Difference(records[0], records[1]).Median/float64(n))
		x := float64(n)
		whole.XY = append(whole.XY, [2]float64{x, 1e6 * records[0].CPU().Median / x})
		floor.XY = append(floor.XY, [2]float64{x, 1e6 * together(records[1:]) / x})
		own.XY = append(own.XY, [2]float64{x, 1e6 * each[len(each)-1]})
	}
	s.result.Series = append(s.result.Series, result.Series{
		Name: "Cost by candidate", X: "candidates of a request", Y: "CPU µs by candidate",
		Text: "A flat line means that a large request costs in proportion to its candidates; what a request costs by itself " +
			"makes the left end rise.",
		Curves: []result.Curve{whole, own, floor},
	})
	sum := 0.0
	for _, e := range each {
		sum += e
	}
	worst := 0.0
	for _, e := range each {
		worst = max(worst, math.Abs(e*float64(len(each))/sum-1))
	}
	s.claim(result.Claim{
		Name: "cost by candidate from 100 to 1,000: furthest from the mean", Workload: "small/100 to 1000/cold",
		Floor: "the mean; each beyond " + stack.ReplyName, Unit: "%", Bound: 15,
	}, exactly(100*worst))
	return nil
}

func (s *session) byHits(g *stack.Server) error {
	curve, floor := result.Curve{Name: stack.GatewayName}, result.Curve{Name: floorsName}
	for _, repeat := range []string{"cold", "50%", "90%", "hit"} {
		records, err := s.beside(g, "small/200/"+repeat)
		if err != nil {
			return err
		}
		x := 100 * records[0].Hits().Median
		curve.XY = append(curve.XY, [2]float64{x, 1e6 * records[0].CPU().Median})
		floor.XY = append(floor.XY, [2]float64{x, 1e6 * together(records[1:])})
	}
	s.result.Series = append(s.result.Series, result.Series{
		Name: "Cost by hit rate", X: "% of the candidates scored already", Y: "CPU µs by request",
		Text:   "The line falls as fewer candidates need a pass; at 100 % only the server, the look-up and the order are left.",
		Curves: []result.Curve{curve, floor},
	})
	return nil
}

const floorsName = stack.ReplyName + " + " + stack.PassName

// together is what floors cost by request, in seconds.
func together(floors []*measure.Record) (cpu float64) {
	for _, floor := range floors {
		cpu += floor.CPU().Median
	}
	return cpu
}

// beside has a gateway answer another workload, beside the floors of that.
func (s *session) beside(g *stack.Server, name string) ([]*measure.Record, error) {
	w := parse(name)
	of, err := g.Of(s.ctx, w)
	if err != nil {
		return nil, err
	}
	floors, err := s.site.StartFloors(s.ctx, of)
	if err != nil {
		return nil, err
	}
	defer floors.Close()
	return s.contest(w, contestText, append([]measure.Stack{of}, floors.Stacks()...)...)
}
