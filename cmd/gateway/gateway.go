package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/edge/rpc"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/monitor"
	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/router"
)

// gateway is every stage, composed.
type gateway struct {
	cfg  config.Config
	log  *slog.Logger
	fill filler

	registry     *features.Registry
	registryFile *config.File
	repository   []config.Model

	runtime   *onnx.Runtime
	runners   *batcher.Runners  // of the runtime
	places    map[string]*place // by pool
	store     features.Store
	memory    *features.Memory // the store, if it is embedded
	redis     *redis.Store     // the store, if it is remote
	scores    *cache.Cache
	catalogue *router.Catalogue
	router    *router.Router
	edge      *edge.Server
	rpc       *rpc.Server // nil if gRPC is not served
	metrics   *monitor.Metrics

	access       *access
	certificates *certificates // nil if the public listener speaks no TLS

	listeners // which listen opens

	models   *repository    // those that are loaded
	patience time.Duration  // with the servers of models; 0 means no end
	lastID   uint64         // of the versions loaded so far
	closers  []func() error // in the order of opening
}

// filler fills the feature store, or replaces what it holds.
type filler func(ctx context.Context, registry *features.Registry, store *features.Memory) error

// fromFiles fills the store from the sources that cfg names.
func fromFiles(cfg *config.Config) filler {
	return func(ctx context.Context, _ *features.Registry, store *features.Memory) error {
		if cfg.Features.Registry == "" {
			return nil
		}
		return store.Load(ctx, cfg.Features.Memory.Path)
	}
}

// compose reads what the configuration names and makes every stage, each after
// those that it calls. Nothing can be ranked until load has been called.
func compose(cfg config.Config, log *slog.Logger, fill filler) (_ *gateway, err error) {
	g := &gateway{cfg: cfg, log: log, fill: fill, metrics: monitor.New(version), catalogue: &router.Catalogue{}}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	wrong := g.readFiles()
	if g.runtime, err = onnx.Open(cfg.ONNX); err != nil && !isField(err) {
		return nil, err
	}
	wrong = config.Join(wrong, cfg.File.Place(err))
	if g.scores, err = cache.New(cfg.Cache); err == nil {
		g.closers = append(g.closers, g.scores.Close)
	}
	if err := config.Join(wrong, cfg.File.Place(err)); err != nil {
		return nil, invalid(err)
	}
	if err := g.openStore(); err != nil {
		return nil, err
	}
	g.warnOfProviders()
	g.runners = batcher.NewRunners(g.runtime.Runners())
	if err := g.newPlaces(); err != nil {
		return nil, invalid(err)
	}
	g.router = router.New(g.catalogue, g.scores, g.store, g.metrics)
	if err := g.secure(); err != nil {
		return nil, invalid(err)
	}
	if err := g.newServers(); err != nil {
		return nil, invalid(err)
	}
	g.watch()
	return g, nil
}

// secure reads what the listeners ask of their callers and prove themselves with.
func (g *gateway) secure() error {
	var wrong, unread error
	g.access, wrong = openAccess(&g.cfg)
	g.cfg.Edge.Keys = g.access.keys
	if settings := g.cfg.Listen.TLS; settings != nil {
		if g.certificates, unread = openCertificates(*settings, g.log); unread == nil {
			g.cfg.Edge.TLS = g.certificates.config(overHTTP)
		}
	}
	return config.Join(wrong, g.cfg.File.Place(unread))
}

// openStore makes the feature store. The score cache hears of its changes.
func (g *gateway) openStore() error {
	remote := g.cfg.Features.Redis
	if remote == nil {
		g.memory = features.NewMemory(g.registry)
		g.memory.Inform(g.scores)
		g.store = g.memory
		return nil
	}
	var baseline *features.Baseline
	if path := g.cfg.Features.Baseline; path != "" {
		var err error
		if baseline, err = features.ReadBaseline(path); err != nil {
			return invalid(g.cfg.File.Place(rank.FieldError{Path: "features.baseline", Message: err.Error() +
				"; gateway materialize --baseline writes it"}))
		}
	}
	var listener features.Listener
	if g.cfg.Cache.Size > 0 {
		listener = g.scores
	}
	store, err := redis.Open(*remote, g.registry, baseline, listener, g.log)
	if err != nil {
		return invalid(g.placeField(err))
	}
	g.redis, g.store = store, store
	g.closers = append(g.closers, store.Close)
	return nil
}

// placeField gives mistakes their place in the file that they stand in.
func (g *gateway) placeField(err error) error {
	if field, ok := errors.AsType[rank.FieldError](err); ok && strings.HasPrefix(field.Path, "views.") {
		return g.registryFile.Place(err)
	}
	return g.cfg.File.Place(err)
}

// watch has the stages that all models share measured.
func (g *gateway) watch() {
	sources := monitor.Sources{Edge: g.edge.Stats(), Cache: g.scores.Stats, Pools: g.poolSources(), Providers: g.providers()}
	if g.rpc != nil {
		sources.GRPC = g.rpc.Stats()
	}
	if g.memory != nil {
		sources.Memory = g.memory.Views
	} else {
		sources.Redis = g.redis.Stats
	}
	g.metrics.Watch(sources)
}

// isField reports whether err is about a setting.
func isField(err error) bool {
	_, ok := errors.AsType[rank.FieldError](err)
	return ok
}

// refill fills the embedded feature store anew.
func (g *gateway) refill(ctx context.Context) error {
	if g.memory == nil {
		return nil
	}
	err := g.registryFile.Place(g.fill(ctx, g.registry, g.memory))
	g.metrics.FeaturesRead(err == nil, time.Now())
	return err
}

// readFiles reads the feature registry and the model repository. Mistakes in
// both are reported together.
func (g *gateway) readFiles() error {
	var unread error
	g.registry = &features.Registry{}
	if file := g.cfg.Features.Registry; file != "" {
		g.registry, g.registryFile, unread = config.ReadRegistry(file)
	}
	repository, err := config.ReadRepository(g.cfg.Models.Repository, g.cfg.Remote)
	if err == nil {
		g.repository, err = repository, g.cfg.Check(repository)
	}
	return config.Join(unread, err)
}

// load fills the feature store, loads and warms the models, and so makes the
// gateway ready.
func (g *gateway) load(ctx context.Context) error {
	unfilled := g.refill(ctx)
	versions, unloaded := g.loadVersions(ctx)
	g.models.mu.Lock()
	defer g.models.mu.Unlock()
	g.models.versions = versions
	g.closers = append(g.closers, g.models.close)
	if err := ctx.Err(); err != nil {
		return errors.Join(err, unloaded)
	}
	if err := config.Join(unfilled, unloaded); err != nil {
		return invalid(err)
	}
	g.models.publish()
	return nil
}

// close frees what compose and load opened, callers before what they call.
func (g *gateway) close() {
	for _, c := range slices.Backward(g.closers) {
		if err := c(); err != nil {
			g.log.Error("close", "error", err)
		}
	}
}
