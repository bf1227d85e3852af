package router

import (
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

// rank is the journey of one request.
func (r *Router) rank(req *rank.Request, res *rank.Result) error {
	models := r.catalogue.enter()
	defer models.leave()
	version, variant, err := models.pick(wishOf(req))
	if err != nil {
		return err
	}
	if err := version.Plan.Check(req); err != nil {
		return err
	}
	j := r.acquire(req, res, version, variant)
	j.lookup(r.cache)
	if j.unscored() {
		if j.affordable() {
			j.fetch(r.store)
			j.recheck(r.cache)
			j.score()
			j.remember(r.cache)
		}
		j.stepIn(r.store)
	}
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
