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
	records, err := s.contest(w, contestText, g, floors.reply, floors.pass, floors.threads, floors.both)
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
			Floor: stack.ReplyName + " + " + stack.PassName, Unit: "×", Bound: bound,
			Note: fmt.Sprintf("%.2f× of one bare process that does both; %s", measure.Ratio(records[0], records[4]).Median, spent),
		}, measure.Ratio(records[0], records[1], records[2]))
	}
	return s.stages(g)
}

// floors are those of a cold request.
type floors struct {
	reply, both   *stack.Server
	pass, threads *stack.Loop
}

func (s *session) startFloors(g *stack.Server) (f *floors, err error) {
	f = &floors{}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.reply, err = s.site.StartReply(s.ctx, g); err != nil {
		return nil, err
	}
	if f.both, err = s.site.StartServePass(s.ctx, g); err != nil {
		return nil, err
	}
	if f.pass, err = s.site.StartPass(s.ctx, g.Workload(), 1); err != nil {
		return nil, err
	}
	f.threads, err = s.site.StartPass(s.ctx, g.Workload(), runtime.GOMAXPROCS(0))
	return f, err
}

func (f *floors) close() {
	for _, server := range []*stack.Server{f.reply, f.both} {
		if server != nil {
			server.Close()
		}
	}
	for _, loop := range []*stack.Loop{f.pass, f.threads} {
		if loop != nil {
			loop.Close()
		}
	}
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
