package router

import (
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

// Swap makes s, which is new, the snapshot of all requests that begin from now on.
// It returns the one that was, nil if there was none.
func (c *Catalogue) Swap(s *Snapshot) *Snapshot {
	s.users.Add(1) // its predecessor, if there is one
	old := c.current.Swap(s)
	if old == nil {
		s.leave()
		return nil
	}
	old.next = s
	old.leave() // as c
	return old
}

// enter returns the snapshot of this moment for a request, which leaves it when it is
// done; nil if nothing is loaded yet.
func (c *Catalogue) enter() *Snapshot {
	for {
		s := c.current.Load()
		if s == nil {
			return nil
		}
		s.users.Add(1)
		if c.current.Load() == s { // fast path
			return s
		}
		s.leave() // it may have drained before it counted us
	}
}

// Ready reports whether there is a snapshot: its models are loaded and warm.
func (c *Catalogue) Ready() bool { return c.current.Load() != nil }

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

	// Trial watches the version if it is its model's canary; nil if it is not.
	Trial *Trial

	// Graph is the inputs and outputs that the inference protocol shows.
	Graph model.Graph

	// Places are where messages of the inference protocol are answered, the preferred
	// one first; none if they are not.
	Places []Place
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
