package claims

import (
	"time"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

const contestText = "Stacks take turns in slices of 0.4 s, four callers each ask again as soon as they have their answer; " +
	"bars are processor time of the stack's own processes by request, the median of the rounds: shorter is better."

// hit is about requests whose candidates are all scored already.
func (s *session) hit() error {
	w := parse("small/200/hit")
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	reply, err := s.site.StartReply(s.ctx, g)
	if err != nil {
		return err
	}
	defer reply.Close()
	allocations, err := s.allocations(g)
	if err != nil {
		return err
	}
	records, err := s.contest(w, contestText, g, reply)
	if err != nil {
		return err
	}
	s.claim(result.Claim{
		Name: "CPU of an all-hit request", Workload: w.String(), Floor: stack.ReplyName, Unit: "×", Bound: 2.0,
	}, measure.Ratio(records[0], records[1]))
	s.claim(result.Claim{
		Name: "allocations of an all-hit request, by candidate", Workload: w.String(), Unit: "", Bound: 0.01,
		Note: "0.01 for what else the process does meanwhile",
	}, exactly(allocations/float64(w.Least)))
	return nil
}

// allocations is how many objects a gateway allocates by request.
func (s *session) allocations(g *stack.Server) (float64, error) {
	const series = "go_memstats_mallocs_total"
	before, err := g.Gateway().Metric(series)
	if err != nil {
		return 0, err
	}
	idle, err := g.Gateway().Metric(series) // what asking for it allocates
	if err != nil {
		return 0, err
	}
	slice, err := g.Slice(s.ctx, s.slice(2*time.Second))
	if err != nil {
		return 0, err
	}
	after, err := g.Gateway().Metric(series)
	return (after - idle - (idle - before)) / float64(slice.Requests), err
}
