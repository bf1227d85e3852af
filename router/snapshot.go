package router

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Snapshot is every loaded model. It is immutable.
type Snapshot struct {
	models   map[string]*Model
	fallback *Model // ranks requests that name no model; may be nil

	// users counts the requests that use the snapshot, the Catalogue while this is its
	// current one, and the predecessor while that is used.
	users   atomic.Int64
	next    *Snapshot // the one that replaced it; set before the Catalogue leaves, read once users is 0
	once    sync.Once // closes drained
	drained chan struct{}
}

// NewSnapshot returns a snapshot of the given models. defaultModel is one of them,
// or "": a request must then name its model.
func NewSnapshot(models []*Model, defaultModel string) *Snapshot {
	s := &Snapshot{models: make(map[string]*Model, len(models)), drained: make(chan struct{})}
	s.users.Store(1) // the Catalogue that it is for
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

// Drained is closed once the snapshot has been replaced and no request uses it, nor
// one that it replaced: what its successor lacks can then be closed.
func (s *Snapshot) Drained() <-chan struct{} { return s.drained }

// leave is the end of a request that has entered. A nil snapshot has no users.
func (s *Snapshot) leave() {
	for s != nil && s.users.Add(-1) == 0 {
		last := false // a request that came too late may bring users to 0 again
		s.once.Do(func() { close(s.drained); last = true })
		if !last {
			return
		}
		s = s.next // which it has kept
	}
}
