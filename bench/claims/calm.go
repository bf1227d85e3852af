package claims

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
	"github.com/rankgate/rankgate/bench/workload"
)

// mostMoved is by how much garbage collection or a reload may move the p99.
const mostMoved = 1.1

// calm is about what else goes on in the gateway at 70 % load: the collector of
// garbage, and a model that is loaded again.
func (s *session) calm() error {
	w := parse("small/200/cold")
	g, err := s.site.StartGateway(s.ctx, w, stack.Options{Sections: gateway.Sections{"listen": "repository_control: true"}})
	if err != nil {
		return err
	}
	defer g.Close()
	capacity, _, err := s.capacity(g)
	if err != nil {
		return err
	}
	rate := load70 * capacity
	if err := s.collector(g, rate); err != nil {
		return err
	}
	return s.reloads(g, rate)
}

// collector compares a gateway with one that never collects garbage.
func (s *session) collector(g *stack.Server, rate float64) error {
	never, err := s.startWithoutCollector(g.Workload())
	if err != nil {
		return err
	}
	defer never.Close()
	p, err := s.pairs(g.Target(), never.Target(), rate, s.rounds(10))
	if err != nil {
		return err
	}
	s.claimValid(p.note(), result.Claim{
		Name: "p99 with garbage collection", Workload: g.Workload().String(), Floor: "the same with GOGC=off",
		Unit: "×", Bound: mostMoved,
	}, p.between(func(ours, floor *result.Point) float64 { return ours.P99 / floor.P99 }))
	return nil
}

// startWithoutCollector has the gateway's process inherit the setting.
func (s *session) startWithoutCollector(w *workload.Workload) (*stack.Server, error) {
	const variable = "GOGC"
	before, had := os.LookupEnv(variable)
	if err := os.Setenv(variable, "off"); err != nil {
		return nil, err
	}
	defer func() {
		if had {
			_ = os.Setenv(variable, before)
		} else {
			_ = os.Unsetenv(variable)
		}
	}()
	return s.site.StartGateway(s.ctx, w, stack.Options{})
}

// reloads compares times in which the model is loaded again with others.
func (s *session) reloads(g *stack.Server, rate float64) error {
	reloading := g.Target()
	reloading.Events = []load.Event{{At: s.slice(2*time.Second) / 4, Do: func() error { return reloadModel(s.ctx, g) }}}
	p, err := s.pairs(reloading, g.Target(), rate, s.rounds(10))
	if err != nil {
		return err
	}
	s.claimValid(p.note(), result.Claim{
		Name: "p99 while the model is loaded again", Workload: g.Workload().String(), Floor: "the same without",
		Unit: "×", Bound: mostMoved,
	}, p.between(func(ours, floor *result.Point) float64 { return ours.P99 / floor.P99 }))
	return nil
}

func reloadModel(ctx context.Context, g *stack.Server) error {
	_, err := gateway.Fetch(ctx, http.MethodPost, g.Gateway().URL()+"/v2/repository/models/"+workload.ModelName+"/load", nil)
	return err
}
