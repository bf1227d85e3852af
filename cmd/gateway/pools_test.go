package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/router"
)

// distant adds to arithmetic the model "linear", which has no graph here.
func distant(t testing.TB) map[string]string {
	files := arithmetic(t)
	files["models/linear/1/model.yaml"] = `
inputs: {x: {columns: [user_stats.tens, item_stats.number, context.shift, request.boost]}}
score: y
fallback: -2
`
	return files
}

// over returns a pool of servers.
func over(protocol oip.Protocol, servers ...*oiptest.Server) config.Pool {
	p := config.Pool{Protocol: protocol, Servers: pool.DefaultConfig(), Client: oip.DefaultConfig()}
	p.Servers.Name, p.Client.Pool, p.Servers.Probe.Every = "gpu", "gpu", 10*time.Millisecond
	for _, s := range servers {
		address := s.GRPC
		if protocol == oip.HTTP {
			address = s.HTTP
		}
		p.Servers.Endpoints = append(p.Servers.Endpoints, address)
	}
	return p
}

// startDistant starts a gateway whose linear model runs on a pool, and whose sum as
// change says.
func startDistant(t testing.TB, p config.Pool, change func(*config.Config)) *fixture {
	t.Helper()
	return start(t, buildFixture(t, distant(t), func(cfg *config.Config) { toPool(cfg, p); change(cfg) }, fillArithmetic))
}

func toPool(cfg *config.Config, p config.Pool) {
	cfg.Models.Default, cfg.Cache.Size = "linear", 0
	cfg.Edge.Drain.Wait, cfg.Edge.Drain.Linger = 0, 50*time.Millisecond
	cfg.Pools = map[string]config.Pool{"gpu": p}
	cfg.Routes = map[string]router.Route{"linear": {RunOn: []string{"gpu"}}}
}

// linearScore is what oiptest.Linear makes of a user and an item without own features.
func linearScore(user, item int) float64 {
	return 10000*float64(user)*float64(oiptest.Weight(0)) + float64(item)*float64(oiptest.Weight(1))
}

func TestAModelOnOtherServersRanks(t *testing.T) {
	for _, protocol := range []oip.Protocol{oip.GRPC, oip.HTTP} {
		t.Run(protocol.String(), func(t *testing.T) {
			s := oiptest.Start(t, oiptest.Config{})
			f := startDistant(t, over(protocol, s), nothing)
			r, _ := f.rank(t, "/rank", body(7, []int{3, 9}, `,"budget_ms":2000`))
			if r.Degraded || len(r.Items) != 2 || r.Items[0].Score != linearScore(7, 9) || r.Items[1].Score != linearScore(7, 3) {
				t.Errorf("%+v", r)
			}
			if got := s.Stats().Rows; got != 2 {
				t.Errorf("the server scored %d rows; want 2", got)
			}
		})
	}
}

func TestRealServersRankWithEqualScores(t *testing.T) {
	triton, mlserver := oiptest.StartTriton(t, ""), oiptest.StartMLServer(t)
	for name, server := range map[string]*oiptest.Process{"Triton": triton, "MLServer": mlserver} {
		for _, protocol := range []oip.Protocol{oip.GRPC, oip.HTTP} {
			t.Run(name+"/"+protocol.String(), func(t *testing.T) {
				f := startDistant(t, over(protocol, &oiptest.Server{HTTP: server.HTTP, GRPC: server.GRPC}), nothing)
				items := make([]int, 300)
				for i := range items {
					items[i] = i
				}
				r, _ := f.rank(t, "/rank", body(7, items, `,"budget_ms":2000`))
				if r.Degraded || len(r.Items) != len(items) {
					t.Fatalf("degraded %v, %d items", r.Degraded, len(r.Items))
				}
				for i, item := range r.Items {
					if id := len(items) - 1 - i; item.ID != fmt.Sprint(id) || item.Score != linearScore(7, id) {
						t.Errorf("place %d: %+v; want item %d with %v", i, item, id, linearScore(7, id))
					}
				}
				var got inferred
				f.v2(t, "POST", "/models/linear/infer", `{"inputs":[{"name":"x","shape":[2,4],"datatype":"FP32","data":`+twoRows+`}]}`, 200, &got)
				if len(got.Outputs) != 1 || fmt.Sprint(got.Outputs[0].Data) != "[3.75 8.75]" {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// startPreferring starts a gateway whose sum runs on a pool, or else here.
func startPreferring(t testing.TB, p config.Pool) *fixture {
	t.Helper()
	return startArithmetic(t, func(cfg *config.Config) {
		toPool(cfg, p)
		cfg.Models.Default, cfg.Routes = "sum", map[string]router.Route{"sum": {RunOn: []string{"gpu", config.Local}}}
	})
}

// startSum starts a server whose sum weighs its columns, so that a score tells who has
// made it.
func startSum(t testing.TB) *oiptest.Server {
	t.Helper()
	dense := []oip.Tensor{{Name: "dense", Type: oip.FP32, Shape: []int64{-1, 4}}}
	return oiptest.Start(t, oiptest.Config{Model: "sum", Inputs: dense, Output: "sum"})
}

func TestRowsGoWhereTheyCanBeScored(t *testing.T) {
	s := startSum(t)
	f := startPreferring(t, over(oip.GRPC, s))
	score := func() float64 {
		r, _ := f.rank(t, "/rank", body(7, []int{3}, `,"budget_ms":2000`))
		if r.Degraded {
			t.Errorf("%+v", r)
		}
		return r.Items[0].Score
	}
	until(func() bool { return score() == linearScore(7, 3) })
	s.Set(oiptest.Faults{Status: http.StatusServiceUnavailable})
	if got := score(); got != 70003 {
		t.Errorf("without the pool the score is %v; want 70003", got)
	}
	s.Set(oiptest.Faults{})
	until(func() bool { return score() == linearScore(7, 3) })
}

func TestRowsThatFindNoServerFreeShareTheNextPass(t *testing.T) {
	s := oiptest.Start(t, oiptest.Config{PerCall: 20 * time.Millisecond})
	p := over(oip.GRPC, s)
	p.Servers.MaxInFlight = 1
	f := startDistant(t, p, nothing)
	const callers = 10
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if r, _ := f.rank(t, "/rank", body(7, []int{i}, `,"budget_ms":2000`)); r.Degraded || r.Items[0].Score != linearScore(7, i) {
				t.Errorf("%+v", r)
			}
		})
	}
	all.Wait()
	if n := s.Stats().Calls; n >= callers {
		t.Errorf("%d calls for %d rankings that came together", n, callers)
	}
}

func TestASmallerModelStepsInForServersThatAreOut(t *testing.T) {
	s := oiptest.Start(t, oiptest.Config{})
	f := startDistant(t, over(oip.GRPC, s), func(cfg *config.Config) {
		cfg.Routes["linear"] = router.Route{RunOn: []string{"gpu"}, Fallback: "sum"}
	})
	s.Set(oiptest.Faults{Status: http.StatusServiceUnavailable})
	r, _ := f.rank(t, "/rank", body(7, []int{3, 5}, `,"budget_ms":2000`))
	if !r.Degraded || r.Coverage["fallback"] != 2 || r.Items[0].Score != 70005 || r.Items[1].Score != 70003 {
		t.Errorf("%+v", r)
	}
}

func TestServersThatHoldAnotherModelAreNotAsked(t *testing.T) {
	wide := []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{-1, 5}}}
	wrong, right := oiptest.Start(t, oiptest.Config{Inputs: wide}), oiptest.Start(t, oiptest.Config{})
	f := startDistant(t, over(oip.GRPC, wrong, right), nothing)
	for range 20 {
		if r, _ := f.rank(t, "/rank", body(7, []int{3}, `,"budget_ms":2000`)); r.Items[0].Score != linearScore(7, 3) {
			t.Errorf("%+v", r)
		}
	}
	if n := wrong.Stats().Calls; n != 0 {
		t.Errorf("the other server was called %d times", n)
	}
}

func TestAGatewayWaitsForTheServersOfItsModels(t *testing.T) {
	p := over(oip.GRPC)
	p.Servers.Endpoints = []string{childtest.FreeAddress(t)}
	g := composeFixture(t, distant(t), func(cfg *config.Config) { toPool(cfg, p) }, fillArithmetic)
	ctx, cancel := context.WithCancel(t.Context())
	loaded := make(chan error, 1)
	go func() { loaded <- g.load(ctx) }()
	until(func() bool { return len(g.places["gpu"].stats().Servers) > 0 })
	cancel()
	if err := <-loaded; err == nil || !strings.Contains(err.Error(), "[gpu] is well and holds model linear, version 1") {
		t.Errorf("got %v", err)
	}
	if g.catalogue.Ready() {
		t.Error("it is ready without the model")
	}
}

func TestAPlaceThatIsNotThereAtTheStartIsNotWaitedForIfThereIsAnother(t *testing.T) {
	p := over(oip.GRPC)
	p.Servers.Endpoints = []string{childtest.FreeAddress(t)}
	f := startPreferring(t, p)
	if r, _ := f.rank(t, "/rank", body(7, []int{3}, `,"budget_ms":2000`)); r.Degraded || r.Items[0].Score != 70003 {
		t.Errorf("%+v", r)
	}
}
