package router

import (
	"math"
	"slices"
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/budget"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/rank"
)

// journey is what one request carries from stage to stage. Its slices are flat,
// indexed by distinct candidate, and reused.
type journey struct {
	req      *rank.Request
	res      *rank.Result
	version  *Version
	deadline time.Time // for work; the answer itself still needs a moment after it
	now      time.Time // end of the stage before

	candidates candidates
	scores     []float32
	sources    []rank.Source // or sourceSmaller

	view    cache.View
	pending []int32 // candidates to score, as indices of req.Items
	rows    features.Rows
	fetched bool // rows is filled
	work    batcher.Work
	fresh   []float32     // scores by row of rows
	told    error         // what they tell of the version, see verdict
	unsure  []int32       // distinct candidates that were scored on features that could not all be read
	spare   features.Rows // what the smaller model reads
	sorter  sorter
}

// maxKept bounds the candidates for which a pooled journey keeps memory.
const maxKept = 4096

func (j *journey) begin(req *rank.Request, res *rank.Result, version *Version, now time.Time) {
	j.req, j.res, j.version, j.fetched = req, res, version, false
	j.deadline, j.now = budget.WorkDeadline(req.Start, req.Deadline), now
	j.unsure, j.told = j.unsure[:0], errUntold
}

// end lets go of the request and reports whether j is worth keeping.
func (j *journey) end() bool {
	j.rows.Reset()
	j.spare.Reset()
	j.req, j.res, j.version = nil, nil, nil
	j.view.Forget()
	j.work = batcher.Work{}
	return cap(j.sorter.keys) <= maxKept
}

// spent books the time since the last stage ended on stage.
func (j *journey) spent(stage rank.Stage) {
	now := time.Now()
	j.res.Stages[stage] += now.Sub(j.now)
	j.now = now
}

// lookup finds the distinct candidates and what the cache knows of them.
func (j *journey) lookup(c *cache.Cache) {
	plan := j.version.Plan
	j.candidates.distinguish(j.req, c, plan)
	n := j.candidates.count()
	j.scores, j.sources = resize(j.scores, n), resize(j.sources, n)
	key := cache.Key{Version: j.version.ID, User: j.req.User, Context: plan.ContextDigest(j.req)}
	key.Reads.User, key.Reads.Items, key.Reads.Pairs = plan.Reads()
	c.Lookup(&j.view, key, j.candidates.hashes(), j.now, j.scores, j.sources)
	j.pending = j.pending[:0]
	for u, source := range j.sources {
		if source != rank.SourceCache {
			j.pending = append(j.pending, j.candidates.items[u])
		}
	}
	j.spent(rank.StageCache)
}

func (j *journey) unscored() bool { return len(j.pending) > 0 }

// affordable asks, before any work on them starts, whether the pending
// candidates can be scored in what is left of the budget.
func (j *journey) affordable() bool {
	return j.version.Scorer.Fits(len(j.pending), j.now, j.until(), j.req.Class)
}

// until is when the model must be done, so that a smaller one can still step in and
// have its features looked up, if that takes no longer than it has this time.
func (j *journey) until() time.Time {
	if j.version.Fallback == nil {
		return j.deadline
	}
	cost := j.res.Stages[rank.StageFeatures] + j.version.Fallback.Scorer.Cost(len(j.pending))
	return j.deadline.Add(-reserve(cost, j.deadline.Sub(j.now)))
}

func (j *journey) fetch(store features.Store) {
	j.version.Plan.Fetch(store, j.req, j.pending, j.now, budget.FetchDeadline(j.now, j.deadline), &j.rows)
	j.fetched = true
	j.spent(rank.StageFeatures)
}

// recheck marks the cached scores stale if all features were replaced between
// lookup and fetch: the answer would otherwise mix old and new ones unmarked.
func (j *journey) recheck(c *cache.Cache) {
	if !c.Overtaken(&j.view) {
		return
	}
	for u, source := range j.sources {
		if source == rank.SourceCache {
			j.sources[u] = rank.SourceStale
		}
	}
}

// score has the fetched rows scored. A row whose score is not a finite number
// counts as unscored, whatever the reason.
func (j *journey) score() {
	err, scored := j.run(j.version.Scorer, &j.rows, j.until()), 0
	for row, item := range j.rows.Items() {
		if s := j.fresh[row]; isScore(s) {
			scored++
			j.take(j.candidates.of[item], s, j.rows.Unsure(row))
		}
	}
	j.told = j.verdict(err, scored)
}

// run fills j.fresh with the scores of rows. The rows without one say it, and the
// scorer counts why; the error is for whoever watches the version.
func (j *journey) run(scorer Scorer, rows *features.Rows, deadline time.Time) error {
	j.fresh = resize(j.fresh, rows.Len())
	for i := range j.fresh {
		j.fresh[i] = unscored
	}
	j.work = batcher.Work{Rows: rows, Deadline: deadline, Class: j.req.Class, Gone: j.req.Gone, Scores: j.fresh}
	err := scorer.Score(&j.work)
	j.now = time.Now()
	j.res.Stages[rank.StageQueue] += j.work.Queue
	j.res.Stages[rank.StageInfer] += j.work.Infer
	return err
}

func isScore(s float32) bool { return !math.IsNaN(float64(s)) && !math.IsInf(float64(s), 0) }

// stepIn has a smaller model score the candidates that have no score at all, not
// even a stale one, if the version names one and the budget holds it. Its scores
// are not remembered, and count as fallbacks.
func (j *journey) stepIn(store features.Store) {
	smaller := j.version.Fallback
	if smaller == nil || !j.unscored() {
		return
	}
	j.pending = slices.DeleteFunc(j.pending, func(item int32) bool {
		return j.sources[j.candidates.of[item]] != rank.SourceFallback
	})
	n := len(j.pending)
	if n == 0 || left(j.req.Gone) || smaller.Plan.Check(j.req) != nil || !smaller.Scorer.Fits(n, j.now, j.deadline, j.req.Class) {
		return
	}
	smaller.Plan.Fetch(store, j.req, j.pending, j.now, budget.FetchDeadline(j.now, j.deadline), &j.spare)
	j.spent(rank.StageFeatures)
	_ = j.run(smaller.Scorer, &j.spare, j.deadline)
	for row, item := range j.spare.Items() {
		if s := j.fresh[row]; isScore(s) {
			u := j.candidates.of[item]
			j.scores[u], j.sources[u] = s, sourceSmaller
		}
	}
}

// sourceSmaller marks, inside a journey, a score of the smaller model.
const sourceSmaller = rank.NumSources

// take is given the score of a distinct candidate. If it is unsure, built on
// features that could not all be read, a stale one that was built on features
// that could is the better answer.
func (j *journey) take(u int32, score float32, unsure bool) {
	if unsure && j.sources[u] == rank.SourceStale {
		return
	}
	j.scores[u], j.sources[u] = score, rank.SourceModel
	if unsure {
		j.unsure = append(j.unsure, u)
	}
}

// unscored marks rows that no pass has scored.
var unscored = float32(math.NaN())

// remember stores the new scores, but those on features that could not all be
// read: once the store is well again, they would still be answered.
func (j *journey) remember(c *cache.Cache) {
	for _, u := range j.unsure {
		j.sources[u] = rank.SourceFallback
	}
	c.Store(&j.view, j.rows.AsOf(), j.candidates.hashes(), j.now, j.scores, j.sources)
	for _, u := range j.unsure {
		j.sources[u] = rank.SourceModel
	}
	j.spent(rank.StageCache)
}

// explain shows the features of every candidate, scored or not. A fetch for a
// request with Explain looks up all of them; without one there is nothing to
// score, and it is made now.
func (j *journey) explain(store features.Store) {
	if !j.fetched {
		j.version.Plan.Fetch(store, j.req, nil, j.now, j.deadline, &j.rows)
	}
	for _, u := range j.candidates.of {
		j.res.Features = append(j.res.Features, j.rows.ExplainItem(j.candidates.items[u]))
	}
	j.spent(rank.StageFeatures)
}

// order fills the answer: sources, scores and the best candidates first.
// Candidates with a score come before those without; within each, the score
// descends and ties keep the caller's order.
func (j *journey) order() {
	j.fallBack()
	j.sorter.resize(len(j.req.Items))
	for i, u := range j.candidates.of {
		score, source := j.scores[u]+0, j.sources[u] // +0 makes -0 tie with 0
		j.sorter.put(i, score, source)
		if source == sourceSmaller {
			source = rank.SourceFallback
		}
		j.res.Scores[i], j.res.Sources[i] = score, source
		j.res.Coverage[source]++
	}
	best := j.sorter.sort()
	if k := j.req.TopK; k > 0 && k < len(best) {
		best = best[:k]
	}
	for _, key := range best {
		j.res.Order = append(j.res.Order, int32(uint32(key)))
	}
	j.res.Degraded = len(j.unsure)+j.res.Coverage[rank.SourceStale]+j.res.Coverage[rank.SourceFallback] > 0
	j.spent(rank.StageOrder)
}

// fallBack scores what nothing else could: with the model's fallback, or with
// the lowest real score of this answer if that is lower, so that scores still
// descend from first to last.
func (j *journey) fallBack() {
	fallback := j.version.Spec.Fallback
	for u, source := range j.sources {
		if source != rank.SourceFallback {
			fallback = min(fallback, j.scores[u])
		}
	}
	for u, source := range j.sources {
		if source == rank.SourceFallback {
			j.scores[u] = fallback
		}
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
