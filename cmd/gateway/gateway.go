package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/monitor"
	"github.com/rankgate/rankgate/router"
)

// gateway is every stage, composed.
type gateway struct {
	log       *slog.Logger
	runtime   *onnx.Runtime
	store     *features.Memory
	catalogue *router.Catalogue
	router    *router.Router
	edge      *edge.Server
	metrics   *monitor.Metrics

	public, admin net.Listener
	adminServer   *http.Server

	closers []func() error // in the order of opening
}

// filler fills an empty feature store.
type filler func(*features.Registry, *features.Memory) error

// build makes a gateway with the embedded feature store that cfg names.
func build(ctx context.Context, cfg config.Config, log *slog.Logger) (*gateway, error) {
	return buildWith(ctx, cfg, log, func(_ *features.Registry, store *features.Memory) error {
		if cfg.Features.Registry == "" {
			return nil
		}
		dir := cfg.Features.Memory.Path
		if dir == "" {
			dir = filepath.Dir(cfg.Features.Registry)
		}
		return store.Load(ctx, dir)
	})
}

// buildWith makes a gateway whose feature store is filled by fill. Stages are
// built before those that call them. Mistakes in the files are reported
// together, as far as one can be found behind another.
func buildWith(ctx context.Context, cfg config.Config, log *slog.Logger, fill filler) (_ *gateway, err error) {
	g := &gateway{log: log, metrics: monitor.New(version), catalogue: &router.Catalogue{}}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	registry, repository, err := readFiles(&cfg)
	if err != nil {
		return nil, invalid(err)
	}
	if g.runtime, err = onnx.Open(cfg.ONNX); err != nil {
		return nil, err
	}
	scores, err := cache.New(cfg.Cache)
	if err != nil {
		return nil, invalid(err)
	}
	g.closers = append(g.closers, scores.Close)
	g.store = features.NewMemory(registry)
	unfilled := fill(registry, g.store)
	versions, unloaded := g.load(ctx, cfg.Batch, registry, repository)
	if err := config.Join(unfilled, unloaded); err != nil {
		return nil, invalid(err)
	}
	g.catalogue.Swap(snapshot(cfg, repository, versions))
	g.router = router.New(g.catalogue, scores, g.store, g.metrics)
	if g.edge, err = edge.New(cfg.Edge, g.router, g.catalogue.Ready, log); err != nil {
		return nil, invalid(err)
	}
	g.metrics.Watch(monitor.Sources{Edge: g.edge.Stats(), Cache: scores.Stats, Versions: sources(versions)})
	return g, nil
}

// readFiles reads the feature registry and the model repository.
func readFiles(cfg *config.Config) (*features.Registry, []config.Model, error) {
	registry, unread := readRegistry(cfg.Features.Registry)
	repository, unscanned := config.ReadRepository(cfg.Models.Repository)
	if err := config.Join(unread, unscanned); err != nil {
		return nil, nil, err
	}
	return registry, repository, cfg.Check(repository)
}

func readRegistry(file string) (*features.Registry, error) {
	if file == "" {
		return &features.Registry{}, nil
	}
	registry, _, err := config.ReadRegistry(file)
	return registry, err
}

// listen opens both listeners.
func (g *gateway) listen(addresses config.Listen) (err error) {
	if g.public, err = net.Listen("tcp", addresses.HTTP); err != nil {
		return err
	}
	if g.admin, err = net.Listen("tcp", addresses.Admin); err != nil {
		return errors.Join(err, g.public.Close())
	}
	g.adminServer = &http.Server{Handler: g.metrics.Handler(), ReadHeaderTimeout: 5 * time.Second}
	return nil
}

// run serves until ctx ends, then drains. The admin listener stays until the
// drain is over, so that it can be watched.
func (g *gateway) run(ctx context.Context) error {
	failed := make(chan error, 2)
	go func() { failed <- g.edge.Serve(g.public) }()
	go func() { failed <- g.adminServer.Serve(g.admin) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		g.log.Info("draining")
		err = g.edge.Drain(context.WithoutCancel(ctx))
	}
	return errors.Join(err, g.adminServer.Close())
}

// close frees what build opened, callers before what they call.
func (g *gateway) close() {
	for _, c := range slices.Backward(g.closers) {
		if err := c(); err != nil {
			g.log.Error("close", "error", err)
		}
	}
}
