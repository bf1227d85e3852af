package stack

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/redis"
	"github.com/rankgate/rankgate/bench/workload"
)

// GatewayName is what a gateway is called beside others.
const GatewayName = "rankgate"

// Options are how a gateway differs from one with the defaults.
type Options struct {
	Name     string           // "" means GatewayName
	Store    *redis.Server    // holds the features; nil: they are in the gateway
	Reading  string           // further settings of features.store.redis, as "cache: {size: 0}"
	Sections gateway.Sections // in place of the defaults
}

// sections are those of a gateway: the defaults, but for the times that draining and
// a read of features may take. The machine stands still now and then, and what is
// measured is not how well a gateway does without features.
// world is a directory of Site.World.
func (o *Options) sections(world string) gateway.Sections {
	features := fmt.Sprintf("registry: %q", filepath.Join(world, workload.Registry))
	if o.Store != nil {
		features += fmt.Sprintf(", store: {redis: {addresses: [%q], layout: packed, timeout: 1s, %s}}", o.Store.Address, o.Reading)
	}
	all := gateway.Sections{
		"log":      "{level: error}",
		"models":   fmt.Sprintf("{repository: %q, default: %s}", filepath.Join(world, workload.Repository), workload.ModelName),
		"features": "{" + features + "}",
		"drain":    "{wait: 0s, linger: 20ms, finish: 5s}",
	}
	maps.Copy(all, o.Sections)
	return all
}

// StartGateway starts a gateway for a workload, and the server that the workload's
// model is on if that is another one.
func (s *Site) StartGateway(ctx context.Context, w *workload.Workload, o Options) (*Server, error) {
	world, err := s.World(ctx, w.Graph)
	if err != nil {
		return nil, err
	}
	all := o.sections(world)
	server := &Server{site: s, name: cmp.Or(o.Name, GatewayName), workload: w, store: o.Store, Callers: usualCallers}
	if w.Remote {
		far, err := s.start(ctx, new(Options).sections(world))
		if err != nil {
			return nil, err
		}
		server.far = far.Child
		all["pools"] = fmt.Sprintf("{far: {protocol: http, endpoints: [%q]}}", far.HTTP)
		all["routes"] = fmt.Sprintf("{%s: {run_on: [far]}}", workload.ModelName)
	}
	g, err := s.start(ctx, all)
	if err != nil {
		if server.far != nil {
			server.far.Stop()
		}
		return nil, err
	}
	server.child, server.gateway, server.load, server.url = g.Child, g, load.New(0), g.URL()
	server.Stream = workload.NewStream(w, g.URL())
	if err := server.Warm(ctx); err != nil {
		server.Close()
		return nil, err
	}
	return server, nil
}

// StartFor starts a gateway and, if the workload has one, its store.
func (s *Site) StartFor(ctx context.Context, w *workload.Workload) (*Server, error) {
	if !w.Redis {
		return s.StartGateway(ctx, w, Options{})
	}
	store, err := s.StartStore(ctx, w.Graph)
	if err != nil {
		return nil, err
	}
	g, err := s.StartGateway(ctx, w, Options{Store: store})
	if err != nil {
		store.Close()
		return nil, err
	}
	g.stop = append(g.stop, store.Close)
	return g, nil
}

func (s *Site) start(ctx context.Context, all gateway.Sections) (*gateway.Gateway, error) {
	dir, err := os.MkdirTemp(s.Dir, "gateway-")
	if err != nil {
		return nil, err
	}
	return gateway.Start(ctx, s.Gateway, dir, all)
}

// StartStore starts a Redis that holds the features of a graph as the gateway keeps
// them, written by gateway materialize.
func (s *Site) StartStore(ctx context.Context, g *workload.Graph) (*redis.Server, error) {
	world, err := s.World(ctx, g)
	if err != nil {
		return nil, err
	}
	store, err := redis.Start(ctx)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(store.Dir, "materialize.yaml")
	err = gateway.WriteConfig(config, (&Options{Store: store}).sections(world))
	if err == nil {
		_, err = output(exec.CommandContext(ctx, s.Gateway, "materialize", "-c", config, "--no-progress")) //nolint:gosec // ours
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}
