package claims

import (
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// crowd is so many callers that passes are shared.
const crowd = 32

// batches is about what shares a pass: nothing that comes alone, and much under load.
func (s *session) batches() error {
	w := parse("mid/200/cold")
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	g.Callers = 1
	alone, err := s.sharing(g)
	if err != nil {
		return err
	}
	g.Callers = crowd
	under, err := s.sharing(g)
	if err != nil {
		return err
	}
	s.claim(result.Claim{
		Name: "wait of a lone request for a runner", Workload: w.String(), Unit: "µs", Bound: 10,
	}, exactly(1e6*alone.queue))
	s.claim(result.Claim{
		Name: fmt.Sprintf("requests in a pass, %d callers", crowd), Workload: w.String(), Unit: "", AtLeast: true, Bound: 1.5,
		Note: "two requests of 200 are all that batch.max_rows, 512, has room for",
	}, exactly(under.requests))
	return nil
}

// sharing is how requests share passes.
type sharing struct {
	requests float64 // in a pass
	queue    float64 // seconds that a request waits for a runner, in the mean
}

func (s *session) sharing(g *stack.Server) (sharing, error) {
	names := []string{"rankgate_batch_rows_count", `rankgate_stage_duration_seconds_sum{stage="queue"}`}
	before, err := metrics(g, names)
	if err != nil {
		return sharing{}, err
	}
	slice, err := g.Slice(s.ctx, s.slice(2*time.Second))
	if err != nil {
		return sharing{}, err
	}
	after, err := metrics(g, names)
	if err != nil {
		return sharing{}, err
	}
	n := float64(slice.Requests)
	return sharing{n / (after[0] - before[0]), (after[1] - before[1]) / n}, nil
}

func metrics(g *stack.Server, series []string) ([]float64, error) {
	values := make([]float64, len(series))
	for i := range series {
		var err error
		if values[i], err = g.Gateway().Metric(series[i]); err != nil {
			return nil, err
		}
	}
	return values, nil
}
