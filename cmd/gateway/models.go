package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/monitor"
	"github.com/rankgate/rankgate/router"
)

// loaded is one model version with its batcher.
type loaded struct {
	*router.Version
	batcher *batcher.Batcher
}

// loadVersions loads and warms every version in the repository. All mistakes
// that the versions have are reported together.
func (g *gateway) loadVersions(ctx context.Context) ([]loaded, error) {
	runners := batcher.NewRunners(g.runtime.Runners())
	var versions []loaded
	var mistakes []error
	for i := range g.repository {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		v, err := g.loadVersion(runners, &g.repository[i])
		if err != nil {
			mistakes = append(mistakes, g.cfg.File.Place(err))
			continue
		}
		v.ID = uint64(i) + 1
		versions = append(versions, v)
		g.log.Info("loaded", "model", v.Spec.Name, "version", v.Spec.Version, "took", time.Since(start).Round(time.Millisecond))
	}
	return versions, config.Join(mistakes...)
}

// loadVersion checks one model.yaml against its graph and the registry, then
// composes the version: plan, and batcher(session).
func (g *gateway) loadVersion(runners *batcher.Runners, m *config.Model) (loaded, error) {
	graph, err := g.runtime.Inspect(m.Spec.Path)
	if err != nil {
		return loaded{}, err
	}
	sig, mistakes := model.Resolve(&m.Spec, graph, features.Widths(g.registry))
	if mistakes != nil {
		return loaded{}, m.File.Errors(mistakes)
	}
	plan, err := features.Compile(g.registry, sig)
	if err != nil {
		return loaded{}, fmt.Errorf("%s: %w", m.File.Path, err)
	}
	session, err := g.runtime.NewSession(m.Spec.Path, graph, sig)
	if err != nil {
		return loaded{}, err
	}
	b, err := batcher.New(g.cfg.Batch, runners, scorer(session), g.complain(&m.Spec))
	if err == nil {
		g.closers = append(g.closers, session.Close, b.Close)
		err = b.Warm()
	}
	if err != nil {
		return loaded{}, fmt.Errorf("%s: %w", m.Spec.Path, err)
	}
	return loaded{&router.Version{Spec: &m.Spec, Plan: plan, Scorer: b}, b}, nil
}

// complaintGap is the least time between two log lines about one version.
const complaintGap = 10 * time.Second

// complain logs why forward passes of a version fail, now and then.
func (g *gateway) complain(spec *model.Spec) func(error) {
	var last atomic.Int64 // when it was last logged, in nanoseconds; whoever swaps it logs
	return func(err error) {
		now, before := time.Now().UnixNano(), last.Load()
		if now-before > int64(complaintGap) && last.CompareAndSwap(before, now) {
			g.log.Error("a forward pass failed", "model", spec.Name, "version", spec.Version, "error", err)
		}
	}
}

func scorer(session *onnx.Session) batcher.Scorer {
	return batcher.ScorerFunc(func(rows int) (batcher.Pass, error) {
		p, err := session.NewPass(rows)
		if err != nil {
			return nil, err
		}
		return localPass{p}, nil
	})
}

// localPass is a pass in this process, which always runs to its end.
type localPass struct{ *onnx.Pass }

func (p localPass) Run(rows, requests int, _ time.Time) ([]float32, error) {
	return p.Pass.Run(rows, requests)
}

// snapshot arranges versions as models and routes. The repository lists a
// model's versions in ascending order, so without a route the last one wins.
func snapshot(cfg config.Config, repository []config.Model, versions []loaded) *router.Snapshot {
	byName := map[string]*router.Model{}
	var models []*router.Model
	for _, v := range versions {
		m := byName[v.Spec.Name]
		if m == nil {
			m = &router.Model{Name: v.Spec.Name, Versions: map[string]*router.Version{}}
			byName[m.Name] = m
			models = append(models, m)
		}
		m.Versions[v.Spec.Version] = v.Version
		m.Stable = v.Version
	}
	for name, route := range cfg.Routes {
		m := byName[name]
		if route.Stable != "" {
			m.Stable = m.Versions[route.Stable]
		}
		if route.Canary.Version != "" {
			m.Canary = m.Versions[route.Canary.Version]
			m.Split = router.NewSplit(name, route.Canary.Percent)
		}
	}
	return router.NewSnapshot(models, cfg.DefaultModel(repository))
}

func sources(versions []loaded) []monitor.VersionSource {
	out := make([]monitor.VersionSource, len(versions))
	for i, v := range versions {
		out[i] = monitor.VersionSource{
			Model: v.Spec.Name, Version: v.Spec.Version, Features: v.Plan.Stats(), Batcher: v.batcher.Stats,
		}
	}
	return out
}
