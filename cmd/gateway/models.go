package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/monitor"
	"github.com/rankgate/rankgate/router"
)

// loaded is one model version, with all that runs it.
type loaded struct {
	*router.Version
	shape    *shape
	apart    *onnx.Apart   // in this process; nil if the graph is not taken apart
	trial    *router.Trial // while it is a canary; kept from snapshot to snapshot
	remotes  []*remote
	batchers []monitor.BatcherSource // by place, the preferred one first
	closers  []func() error          // in the order of opening
}

// loadVersions loads and warms every version in the repository. All mistakes that
// the versions have are reported together. Versions that run on other servers alone
// are waited for.
func (g *gateway) loadVersions(ctx context.Context) ([]*loaded, error) {
	var versions []*loaded
	var mistakes []error
	for i := range g.repository {
		if err := ctx.Err(); err != nil {
			return versions, err
		}
		v, err := g.loadVersion(&g.repository[i])
		versions = append(versions, v)
		if err != nil {
			mistakes = append(mistakes, g.cfg.File.Place(err))
		}
	}
	if err := config.Join(mistakes...); err != nil {
		return versions, err
	}
	for _, v := range versions {
		v.expect()
	}
	if err := g.startPlaces(); err != nil {
		return versions, err
	}
	if g.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, g.patience, fmt.Errorf("waited for %v", g.patience))
		defer cancel()
	}
	for _, v := range versions {
		if err := g.settle(ctx, v); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return versions, config.Join(mistakes...)
}

// loadVersion opens a version at each of its places: it checks the model.yaml against
// the graph and the registry, and warms what runs in this process. What it returns
// with an error must be closed too.
func (g *gateway) loadVersion(m *config.Model) (*loaded, error) {
	start := time.Now()
	g.lastID++
	v := &loaded{Version: &router.Version{Spec: &m.Spec, ID: g.lastID}, shape: newShape(m, features.Widths(g.registry))}
	places := g.placesOf(m.Spec.Name)
	var ladder router.Ladder
	for _, name := range places {
		scorer, err := g.openAt(name, v)
		if err != nil {
			return v, err
		}
		ladder = append(ladder, scorer)
	}
	v.Scorer = ladder
	if len(ladder) == 1 {
		v.Scorer = ladder[0]
	}
	if slices.Contains(places, config.Local) {
		g.log.Info("loaded", "model", m.Spec.Name, "version", m.Spec.Version, "took", time.Since(start).Round(time.Millisecond))
	}
	return v, nil
}

// placesOf returns where a model's versions run, the preferred place first.
func (g *gateway) placesOf(model string) []string {
	if places := g.cfg.Routes[model].RunOn; len(places) > 0 {
		return places
	}
	return []string{config.Local}
}

// openAt opens a version at a place.
func (g *gateway) openAt(name string, v *loaded) (router.Scorer, error) {
	if name == config.Local {
		return g.openLocal(v)
	}
	cfg := g.cfg.Batch
	cfg.Remote = true
	r := &remote{place: g.places[name], shape: v.shape, cfg: cfg, fail: g.complain(v.Spec, name), opened: make(chan struct{})}
	v.remotes = append(v.remotes, r)
	v.closers = append(v.closers, r.close)
	v.batchers = append(v.batchers, monitor.BatcherSource{Backend: name, Stats: r.stats})
	v.Places = append(v.Places, r)
	return r, nil
}

// onTrial goes on with the version's trial as a canary, or begins one.
func (v *loaded) onTrial(instead *router.Version) *router.Trial {
	if v.trial == nil {
		v.trial = router.NewTrial(instead)
	} else {
		v.trial = v.trial.With(instead)
	}
	return v.trial
}

// expect has the servers of the version's places hold it.
func (v *loaded) expect() {
	for _, r := range v.remotes {
		r.place.expect(r)
	}
}

// settle waits until a version can be called, and then plans its features.
func (g *gateway) settle(ctx context.Context, v *loaded) error {
	if err := g.waitFor(ctx, v); err != nil {
		return err
	}
	if v.Graph.Inputs == nil { // it runs on other servers alone
		v.Graph = v.shape.graph
	}
	var err error
	if v.Plan, err = features.CompileApart(g.registry, v.shape.sig, v.apart.Signature()); err != nil {
		return fmt.Errorf("%s: %w", v.shape.file.Path, err)
	}
	return nil
}

// close frees what runs a version, callers before what they call. Nobody may use it
// any more.
func (v *loaded) close() error {
	var errs []error
	for _, c := range slices.Backward(v.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// complaintGap is the least time between two log lines about one version.
const complaintGap = 10 * time.Second

// complain logs why forward passes of a version fail at a place, now and then.
func (g *gateway) complain(spec *model.Spec, place string) func(error) {
	var last atomic.Int64 // when it was last logged, in nanoseconds; whoever swaps it logs
	return func(err error) {
		now, before := time.Now().UnixNano(), last.Load()
		if now-before > int64(complaintGap) && last.CompareAndSwap(before, now) {
			g.log.Error("a forward pass failed", "model", spec.Name, "version", spec.Version, "backend", place, "error", err)
		}
	}
}

// snapshot arranges versions as models and routes. The repository lists a
// model's versions in ascending order, so without a route the last one wins.
func snapshot(cfg config.Config, repository []config.Model, versions []*loaded) *router.Snapshot {
	byName := map[string]*router.Model{}
	owners := map[*router.Version]*loaded{}
	var models []*router.Model
	for _, v := range versions {
		version := *v.Version // requests of older snapshots may use that one
		m := byName[v.Spec.Name]
		if m == nil {
			m = &router.Model{Name: v.Spec.Name, Versions: map[string]*router.Version{}}
			byName[m.Name] = m
			models = append(models, m)
		}
		owners[&version] = v
		m.Versions[v.Spec.Version] = &version
		m.Stable = &version
	}
	for name, route := range cfg.Routes {
		m := byName[name]
		if m == nil { // unloaded
			continue
		}
		if route.Stable != "" {
			m.Stable = m.Versions[route.Stable]
		}
		if route.Canary.Version != "" {
			m.Canary = m.Versions[route.Canary.Version]
			m.Split = router.NewSplit(name, route.Canary.Percent)
			if owner := owners[m.Canary]; owner != nil {
				m.Canary.Trial = owner.onTrial(m.Stable)
			}
		}
	}
	for name, route := range cfg.Routes {
		if m, smaller := byName[name], byName[route.Fallback]; m != nil && smaller != nil {
			for _, v := range m.Versions {
				v.Fallback = smaller.Stable
			}
		}
	}
	return router.NewSnapshot(models, cfg.DefaultModel(repository))
}

func sources(versions []*loaded) []monitor.VersionSource {
	out := make([]monitor.VersionSource, len(versions))
	for i, v := range versions {
		out[i] = monitor.VersionSource{
			Model: v.Spec.Name, Version: v.Spec.Version, Features: v.Plan.Stats(), Batchers: v.batchers,
		}
		if v.apart != nil {
			out[i].Parts = v.apart.Stats
		}
	}
	return out
}
