package router

import (
	"errors"
	"sync"
	"time"

	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/rank"
)

// Router ranks. It is safe for concurrent use.
type Router struct {
	catalogue *Catalogue
	cache     *cache.Cache
	store     features.Store
	observer  Observer
	journeys  sync.Pool // of *journey
}

// Observer is told of every request once its answer is known. It must not keep
// its arguments, and it is on the request's path: it may add to counters.
type Observer interface {
	Observe(req *rank.Request, res *rank.Result, err error)
}

// New returns a router over the models of catalogue. Until it is ready, every
// request is refused as unavailable.
func New(catalogue *Catalogue, scores *cache.Cache, store features.Store, observer Observer) *Router {
	return &Router{
		catalogue: catalogue, cache: scores, store: store, observer: observer,
		journeys: sync.Pool{New: func() any { return new(journey) }},
	}
}

// Rank scores and orders the candidates of req into res. Its errors are
// *rank.Error; a budget that runs out is not one.
func (r *Router) Rank(req *rank.Request, res *rank.Result) error {
	err := r.rank(req, res)
	r.observer.Observe(req, res, err)
	return err
}

// rank chooses the version that answers a request.
func (r *Router) rank(req *rank.Request, res *rank.Result) error {
	models := r.catalogue.enter()
	defer models.leave()
	version, variant, err := models.pick(wishOf(req))
	switch {
	case err != nil:
		return err
	case variant == canary && req.Canary == rank.CanarySplit && version.Trial != nil:
		return r.try(req, res, version)
	default:
		return r.travel(req, res, version, variant, nil)
	}
}

// travel is the journey of one request. A version on trial is told of: one that has
// failed leaves res unfinished, for another to begin anew.
func (r *Router) travel(req *rank.Request, res *rank.Result, version *Version, variant string, trial *error) error {
	if err := version.Plan.Check(req); err != nil {
		return err
	}
	j := r.acquire(req, res, version, variant)
	j.lookup(r.cache)
	if j.unscored() && j.affordable() {
		j.fetch(r.store)
		j.recheck(r.cache)
		j.score()
		j.remember(r.cache)
	}
	if trial != nil {
		if *trial = j.told; errors.Is(j.told, errFailing) {
			r.release(j)
			return nil
		}
	}
	j.stepIn(r.store)
	if req.Explain {
		j.explain(r.store)
	}
	j.order()
	r.release(j)
	return nil
}

// acquire readies a journey for req.
func (r *Router) acquire(req *rank.Request, res *rank.Result, version *Version, variant string) *journey {
	res.Resize(len(req.Items))
	res.Model, res.Version, res.Variant = version.Spec.Name, version.Spec.Version, variant
	j := r.journeys.Get().(*journey)
	j.begin(req, res, version, time.Now())
	return j
}

// release gives the journey's memory back, unless it is too large to keep. It is
// not deferred: after a panic nobody knows who still looks at it.
func (r *Router) release(j *journey) {
	if j.end() {
		r.journeys.Put(j)
	}
}
