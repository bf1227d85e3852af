package claims

import (
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

const contestText = "Stacks take turns in slices of 0.4 s, four callers each ask again as soon as they have their answer; " +
	"bars are processor time of the stack's own processes by request, the median of the rounds: shorter is better. The table has " +
	"it as a multiple of that of the floors too: of the bare reply and, where it stands here, the bare pass together."

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
	records, err := s.contest(w, contestText, g, reply)
	if err != nil {
		return err
	}
	s.claim(result.Claim{
		Name: "CPU of an all-hit request", Workload: w.String(), Floor: stack.ReplyName, Unit: "×", Bound: 2.0,
	}, measure.Ratio(records[0], records[1]))
	return s.hitAllocations(g)
}

// hitAllocations is about what a candidate allocates beyond what the request does that
// it is in.
func (s *session) hitAllocations(g *stack.Server) error {
	const few, many = 200, 1000
	large, err := g.Of(s.ctx, parse(fmt.Sprintf("small/%d/hit", many)))
	if err != nil {
		return err
	}
	of, err := s.allocations(g)
	if err != nil {
		return err
	}
	ofLarge, err := s.allocations(large)
	if err != nil {
		return err
	}
	s.claim(result.Claim{
		Name: "allocations for a further candidate, all hit", Workload: "small/200 and 1000/hit", Unit: "", Bound: 0.001,
		Note: fmt.Sprintf("0.001 for what else the process does meanwhile; by request they are %.1f with %d candidates and %.1f with %d",
			of, few, ofLarge, many),
	}, exactly(max(0, ofLarge-of)/(many-few)))
	return nil
}

// allocations is how many objects a gateway allocates by request.
func (s *session) allocations(g *stack.Server) (float64, error) {
	const series = "go_memstats_mallocs_total"
	before, err := g.Gateway().Metric(series)
	if err != nil {
		return 0, err
	}
	asked, err := g.Gateway().Metric(series) // what asking for it allocates
	if err != nil {
		return 0, err
	}
	slice, err := g.Slice(s.ctx, s.slice(2*time.Second))
	if err != nil {
		return 0, err
	}
	after, err := g.Gateway().Metric(series)
	return (after - asked - (asked - before)) / float64(slice.Requests), err
}
