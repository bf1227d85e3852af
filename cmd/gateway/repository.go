package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/router"
)

// repository is the models that are loaded. It implements router.Repository.
type repository struct {
	*gateway

	mu       sync.Mutex // guards what follows, and the making of snapshots
	versions []*loaded
	reasons  map[string]string // by model: why it has versions that are not loaded

	// apart is those of versions. Replaced whole by publish, with mu held; renew reads it
	// without, since a model that is being loaded may hold mu for long.
	apart atomic.Pointer[[]*onnx.Apart]
}

// Index lists the versions that the directory holds, and those that are loaded though
// it does not hold them any more.
func (r *repository) Index(context.Context) ([]oip.IndexEntry, error) {
	models, err := config.ReadRepository(r.cfg.Models.Repository, r.cfg.Remote)
	if err != nil {
		return nil, rank.Errorf(rank.Unavailable, "models.repository: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var entries []oip.IndexEntry
	for _, v := range r.versions {
		entries = append(entries, oip.IndexEntry{Name: v.Spec.Name, Version: v.Spec.Version, State: oip.StateReady})
	}
	for i := range models {
		spec := &models[i].Spec
		is := func(v *loaded) bool { return v.Spec.Name == spec.Name && v.Spec.Version == spec.Version }
		if !slices.ContainsFunc(r.versions, is) {
			entries = append(entries, oip.IndexEntry{
				Name: spec.Name, Version: spec.Version, State: oip.StateUnavailable, Reason: r.reasons[spec.Name],
			})
		}
	}
	slices.SortFunc(entries, func(a, b oip.IndexEntry) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), model.CompareVersions(a.Version, b.Version))
	})
	return entries, nil
}

// Load reads a model's files anew. What is loaded stays until all versions that they
// hold are; then it is closed when nobody uses it any more.
func (r *repository) Load(ctx context.Context, model string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.catalogue.Ready() {
		return errNotReady
	}
	fresh, err := r.open(ctx, model)
	if err != nil {
		coded, ok := errors.AsType[*rank.Error](err)
		if len(fresh) > 0 || r.holds(model) { // else it may be any name at all
			r.reasons[model] = err.Error()
		}
		for _, v := range fresh {
			err = errors.Join(err, v.close())
		}
		if ok {
			return coded
		}
		return rank.Errorf(rank.InvalidRequest, "model %s was not loaded: %v", model, err)
	}
	delete(r.reasons, model)
	r.replace(model, fresh)
	r.log.Info("a model was loaded again", "model", model, "versions", len(fresh))
	return nil
}

// errNotReady says that what the gateway begins with is still being loaded.
var errNotReady = rank.Errorf(rank.Unavailable, "not ready: the models of the start are not loaded yet")

// open loads the versions of a model that its directory holds.
func (r *repository) open(ctx context.Context, model string) (fresh []*loaded, err error) {
	all, err := config.ReadRepository(r.cfg.Models.Repository, r.cfg.Remote)
	if err == nil {
		err = r.cfg.Check(all)
	}
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Spec.Name != model {
			continue
		}
		v, err := r.loadVersion(&all[i])
		fresh = append(fresh, v)
		if err == nil {
			err = r.introduce(ctx, v)
		}
		if err == nil {
			err = r.settle(ctx, v)
		}
		if err != nil {
			return fresh, err
		}
	}
	if len(fresh) == 0 {
		return nil, rank.Errorf(rank.UnknownModel, "the repository holds no model %.64q", model)
	}
	return fresh, nil
}

// introduce has a version known at its places. One that is out for the moment is no
// reason to fail if another knows what the version looks like.
func (r *repository) introduce(ctx context.Context, v *loaded) error {
	var out error
	for _, remote := range v.remotes {
		if err := remote.place.introduce(ctx, remote); err != nil && !batcher.Elsewhere(err) {
			return err
		} else if err != nil {
			out = err
		}
	}
	select {
	case <-v.shape.known:
		v.expect()
		return nil
	default:
		return out
	}
}

// publish has requests use what is loaded now, and returns what they used before. It is
// called with mu held.
func (r *repository) publish() *router.Snapshot {
	r.metrics.WatchVersions(sources(r.versions))
	var apart []*onnx.Apart
	for _, v := range r.versions {
		if v.apart != nil {
			apart = append(apart, v.apart)
		}
	}
	r.apart.Store(&apart)
	return r.catalogue.Swap(snapshot(r.cfg, r.gateway.repository, r.versions))
}

// renew has every version let go of feature rows that were replaced.
func (r *repository) renew(edition uint64) {
	if all := r.apart.Load(); all != nil {
		for _, a := range *all {
			a.Renew(edition)
		}
	}
}

// close frees all that is loaded. No request may be under way.
func (r *repository) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, v := range r.versions {
		errs = append(errs, v.close())
	}
	return errors.Join(errs...)
}

// Unload takes all versions of a model out.
func (r *repository) Unload(_ context.Context, model string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.holds(model) {
		return rank.Errorf(rank.UnknownModel, "model %.64q is not loaded", model)
	}
	r.reasons[model] = "unloaded"
	r.replace(model, nil)
	r.log.Info("a model was unloaded", "model", model)
	return nil
}

// holds reports whether a version of the model is loaded. It is called with mu held.
func (r *repository) holds(model string) bool {
	return slices.ContainsFunc(r.versions, func(v *loaded) bool { return v.Spec.Name == model })
}

// replace puts fresh in the place of a model's versions, and closes those when the last
// request that uses them has ended. It is called with mu held.
func (r *repository) replace(model string, fresh []*loaded) {
	var gone []*loaded
	r.versions = slices.DeleteFunc(slices.Clone(r.versions), func(v *loaded) bool {
		if v.Spec.Name == model {
			gone = append(gone, v)
		}
		return v.Spec.Name == model
	})
	r.versions = append(r.versions, fresh...)
	old := r.publish()
	if old == nil || len(gone) == 0 {
		return
	}
	<-old.Drained()
	for _, v := range gone {
		if err := v.close(); err != nil {
			r.log.Error("close a version", "model", v.Spec.Name, "version", v.Spec.Version, "error", err)
		}
	}
}
