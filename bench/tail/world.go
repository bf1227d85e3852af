package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
)

// world is a gateway before backends, and the generator. What newWorld is given says
// what they are like.
type world struct {
	servers  int              // 0 means 3
	each     oiptest.Config   // of the backends; they hold "linear"
	protocol string           // "" means grpc
	pool     string           // further settings of the pool, as "hedge: {quantile: 0}"
	sections gateway.Sections // of gateway.yaml, beside the pool

	gateway  *gateway.Gateway
	backends *backends
	*load.Generator
}

// newWorld starts everything that w describes.
func (s *session) newWorld(ctx context.Context, w *world) (*world, error) {
	w.each.Model, w.each.Output = "linear", "sum"
	w.each.Inputs = []oip.Tensor{{Name: "dense", Type: oip.FP32, Shape: []int64{-1, 4}}}
	var err error
	if w.backends, err = s.startBackends(ctx, fleet{cmp.Or(w.servers, 3), w.each}); err != nil {
		return nil, err
	}
	w.protocol = cmp.Or(w.protocol, "grpc")
	var endpoints []string
	for _, a := range w.backends.addresses {
		if w.protocol == "grpc" {
			endpoints = append(endpoints, fmt.Sprintf("%q", a.GRPC))
		} else {
			endpoints = append(endpoints, fmt.Sprintf("%q", a.HTTP))
		}
	}
	all := gateway.Sections{
		"models": "{default: linear}",
		"routes": "{linear: {run_on: [fleet]}}",
		"pools": fmt.Sprintf("{fleet: {protocol: %s, endpoints: [%s], %s}}",
			w.protocol, strings.Join(endpoints, ", "), w.pool),
	}
	maps.Copy(all, w.sections)
	if w.gateway, err = s.newGateway(ctx, all); err != nil {
		w.backends.Stop()
		return nil, err
	}
	w.Generator = load.New(0)
	return w, nil
}

func (w *world) close() {
	w.Generator.Close()
	w.gateway.Stop()
	w.backends.Stop()
}

// rank is a load of rankings of 10 rows by the backends.
func (w *world) rank() *ranking {
	return &ranking{url: w.gateway.URL() + "/rank", right: linearModel, rows: 10}
}
