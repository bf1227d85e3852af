package claims

import (
	"fmt"
	"runtime"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// cold is about requests of which nothing is scored yet, with features in process.
func (s *session) cold() error {
	for _, c := range []struct {
		workload string
		bound    float64 // 0: not claimed
	}{{"small/200/cold", 1.35}, {"mid/200/cold", 1.15}, {"trees/200/cold", 0}, {"small/100-700/cold", 0}} {
		if err := s.coldOf(c.workload, c.bound); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) coldOf(name string, bound float64) error {
	w := parse(name)
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{})
	if err != nil {
		return err
	}
	defer g.Close()
	floors, err := s.site.StartFloors(s.ctx, g)
	if err != nil {
		return err
	}
	defer floors.Close()
	threads, err := s.site.StartPass(s.ctx, w, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	defer threads.Close()
	both, err := s.site.StartServePass(s.ctx, g)
	if err != nil {
		return err
	}
	defer both.Close()
	records, err := s.contest(w, contestText, g, floors.Reply, floors.Pass, threads, both)
	if err != nil {
		return err
	}
	if bound > 0 {
		spent, err := s.spent(g)
		if err != nil {
			return err
		}
		s.claim(result.Claim{
			Name: fmt.Sprintf("CPU of a cold request, %s model", w.Graph.Name), Workload: w.String(),
			Floor: floorsName, Unit: "×", Bound: bound,
			Note: fmt.Sprintf("%.2f× of one bare process that does both; %s", measure.Ratio(records[0], records[4]).Median, spent),
		}, measure.Ratio(records[0], records[1], records[2]))
	}
	return s.stages(g)
}

// stages notes where the time of a gateway's requests has gone so far, as it tells
// itself.
func (s *session) stages(g *stack.Server) error {
	all := result.Stages{Workload: g.Workload().String()}
	rest, err := mean(g, "rankgate_request_duration_seconds", "")
	if err != nil {
		return err
	}
	for _, name := range []string{"cache", "features", "queue", "infer", "order"} {
		seconds, err := mean(g, "rankgate_stage_duration_seconds", fmt.Sprintf("{stage=%q}", name))
		if err != nil {
			return err
		}
		all.Stages = append(all.Stages, result.Stage{Name: name, Mean: seconds})
		rest -= seconds
	}
	all.Stages = append(all.Stages, result.Stage{Name: "decode and encode", Mean: max(rest, 0)})
	s.result.Stages = append(s.result.Stages, all)
	return nil
}

// mean is that of a histogram's series with certain labels.
func mean(g *stack.Server, name, labels string) (float64, error) {
	values, err := metrics(g, []string{name + "_sum" + labels, name + "_count" + labels})
	if err != nil {
		return 0, err
	}
	return values[0] / values[1], nil
}
