package router

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Catalogue holds the models that can rank, as a snapshot that is replaced
// whole.
type Catalogue struct {
	current atomic.Pointer[Snapshot]
}

// Load returns the snapshot of this moment, nil if nothing is loaded yet; a
// request keeps to one.
func (c *Catalogue) Load() *Snapshot { return c.current.Load() }

// Swap makes s the snapshot of all requests that begin from now on.
func (c *Catalogue) Swap(s *Snapshot) { c.current.Store(s) }

// Ready reports whether there is a snapshot: its models are loaded and warm.
func (c *Catalogue) Ready() bool { return c.current.Load() != nil }

// Snapshot is every loaded model. It is immutable.
type Snapshot struct {
	models   map[string]*Model
	fallback *Model // ranks requests that name no model; may be nil
}

// NewSnapshot returns a snapshot of the given models. defaultModel is one of them,
// or "": a request must then name its model.
func NewSnapshot(models []*Model, defaultModel string) *Snapshot {
	s := &Snapshot{models: make(map[string]*Model, len(models))}
	for _, m := range models {
		s.models[m.Name] = m
	}
	s.fallback = s.models[defaultModel]
	return s
}

// Models returns the models by name.
func (s *Snapshot) Models() []*Model {
	return slices.SortedFunc(maps.Values(s.models), func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
}

// Model is one model's versions and who gets which.
type Model struct {
	Name     string
	Versions map[string]*Version
	Stable   *Version
	Canary   *Version // nil if there is none
	Split    Split
}

// Version is one loaded version of a model, ready to rank.
type Version struct {
	Spec   *model.Spec
	ID     uint64 // of this load; never reused while the process runs
	Plan   *features.Plan
	Scorer Scorer

	// Fallback is a smaller model that scores what this one could not; nil if
	// there is none. Its own Fallback is not asked.
	Fallback *Version
}

// Scorer turns rows into scores within a deadline. batcher.Batcher is one, and
// so is a Ladder of several.
type Scorer interface {
	// Fits tells whether n rows of a request of that class that start now can be
	// scored by deadline.
	Fits(n int, now, deadline time.Time, class rank.Criticality) bool

	// Cost is what scoring n rows is expected to take.
	Cost(n int) time.Duration

	// Score fills w.Scores; an error says why some rows have none.
	Score(w *batcher.Work) error
}

// Variant names in responses and metrics.
const (
	stable = "stable"
	canary = "canary"
	pinned = "pinned"
)

// pick returns the version that ranks req and the variant that it stands for.
func (s *Snapshot) pick(req *rank.Request) (*Version, string, error) {
	if s == nil {
		return nil, "", rank.Errorf(rank.Unavailable, "not ready: no model is loaded and warm")
	}
	m := s.fallback
	if req.Model != "" {
		m = s.models[req.Model]
	}
	if m == nil && req.Model == "" {
		return nil, "", rank.Errorf(rank.UnknownModel,
			"the request names no model; POST to /rank/MODEL, or set models.default; loaded are %s", list(maps.Keys(s.models)))
	}
	if m == nil {
		return nil, "", rank.Errorf(rank.UnknownModel, "model %q is not loaded; loaded are %s", req.Model, list(maps.Keys(s.models)))
	}
	switch {
	case req.Pin != "":
		v := m.Versions[req.Pin]
		if v == nil {
			return nil, "", rank.Errorf(rank.UnknownModel, "version %q of model %q (X-Model-Version) is not loaded; loaded are %s",
				req.Pin, m.Name, list(maps.Keys(m.Versions)))
		}
		return v, pinned, nil
	case m.Canary != nil && (req.Canary == rank.CanaryAlways || req.Canary == rank.CanarySplit && m.Split.Takes(req.User)):
		return m.Canary, canary, nil
	default:
		return m.Stable, stable, nil
	}
}

func list(names func(func(string) bool)) string {
	return strings.Join(slices.Sorted(names), ", ")
}
