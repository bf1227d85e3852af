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
	floors, err := s.startFloors(g)
	if err != nil {
		return err
	}
	defer floors.close()
	records, err := s.contest(w, contestText, g, floors.reply, floors.pass, floors.threads)
	if err != nil {
		return err
	}
	if bound > 0 {
		s.claim(result.Claim{
			Name: fmt.Sprintf("CPU of a cold request, %s model", w.Graph.Name), Workload: w.String(),
			Floor: stack.ReplyName + " + " + stack.PassName, Unit: "×", Bound: bound,
		}, measure.Ratio(records[0], records[1], records[2]))
	}
	return s.stages(g)
}

// floors are those of a cold request.
type floors struct {
	reply         *stack.Server
	pass, threads *stack.Loop
}

func (s *session) startFloors(g *stack.Server) (*floors, error) {
	f := &floors{}
	var err error
	if f.reply, err = s.site.StartReply(s.ctx, g); err != nil {
		return nil, err
	}
	if f.pass, err = s.site.StartPass(s.ctx, g.Workload(), 1); err == nil {
		f.threads, err = s.site.StartPass(s.ctx, g.Workload(), runtime.GOMAXPROCS(0))
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *floors) close() {
	f.reply.Close()
	for _, l := range []*stack.Loop{f.pass, f.threads} {
		if l != nil {
			l.Close()
		}
	}
}

// stages notes where the time of a gateway's requests has gone so far, as it tells
// itself.
func (s *session) stages(g *stack.Server) error {
	all := result.Stages{Workload: g.Workload().String()}
	for _, name := range []string{"cache", "features", "queue", "infer", "order"} {
		sum, err := g.Gateway().Metric(fmt.Sprintf("rankgate_stage_duration_seconds_sum{stage=%q}", name))
		if err != nil {
			return err
		}
		count, err := g.Gateway().Metric(fmt.Sprintf("rankgate_stage_duration_seconds_count{stage=%q}", name))
		if err != nil {
			return err
		}
		all.Stages = append(all.Stages, result.Stage{Name: name, Mean: sum / count})
	}
	s.result.Stages = append(s.result.Stages, all)
	return nil
}
