package stack

import (
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

// sections are those of every gateway, unless a measurement says otherwise: the
// defaults, but for the time that draining takes. world is a directory of Site.World.
func sections(world string, store *redis.Server) gateway.Sections {
	features := fmt.Sprintf("registry: %q", filepath.Join(world, workload.Registry))
	if store != nil {
		features += fmt.Sprintf(", store: {redis: {addresses: [%q], layout: packed}}", store.Address)
	}
	return gateway.Sections{
		"log":      "{level: error}",
		"models":   fmt.Sprintf("{repository: %q, default: %s}", filepath.Join(world, workload.Repository), workload.ModelName),
		"features": "{" + features + "}",
		"drain":    "{wait: 0s, linger: 20ms, finish: 5s}",
	}
}

// GatewayName is what a gateway is called beside others.
const GatewayName = "rankgate"

// StartGateway starts a gateway for a workload. store holds the features if they are
// in Redis, and is nil if they are not; change goes over the usual sections.
func (s *Site) StartGateway(ctx context.Context, w *workload.Workload, store *redis.Server, change gateway.Sections) (*Server, error) {
	world, err := s.World(ctx, w.Graph)
	if err != nil {
		return nil, err
	}
	all := sections(world, store)
	server := &Server{name: GatewayName, workload: w, store: store, Callers: usualCallers}
	if w.Remote {
		far, err := s.start(ctx, sections(world, nil))
		if err != nil {
			return nil, err
		}
		server.stop = append(server.stop, far.Stop)
		all["pools"] = fmt.Sprintf("{far: {protocol: http, endpoints: [%q]}}", far.HTTP)
		all["routes"] = fmt.Sprintf("{%s: {run_on: [far]}}", workload.ModelName)
	}
	maps.Copy(all, change)
	g, err := s.start(ctx, all)
	if err != nil {
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
func (s *Site) StartFor(ctx context.Context, w *workload.Workload, change gateway.Sections) (*Server, error) {
	if !w.Redis {
		return s.StartGateway(ctx, w, nil, change)
	}
	store, err := s.StartStore(ctx, w.Graph)
	if err != nil {
		return nil, err
	}
	g, err := s.StartGateway(ctx, w, store, change)
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
	err = gateway.WriteConfig(config, sections(world, store))
	if err == nil {
		_, err = output(exec.CommandContext(ctx, s.Gateway, "materialize", "-c", config, "--no-progress")) //nolint:gosec // ours
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}
