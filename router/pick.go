package router

import (
	"maps"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// Variant names in responses and metrics.
const (
	stable = "stable"
	canary = "canary"
	pinned = "pinned"
)

// wish says which version a request wants.
type wish struct {
	model  string // "" means the default model
	pin    string // "" or the one version that may answer
	header string // the header that named it, in brackets, for errors; "" if none does
	user   string // keeps to one side of the split
	canary rank.Canary
}

func wishOf(req *rank.Request) wish {
	return wish{model: req.Model, pin: req.Pin, header: " (X-Model-Version)", user: req.User, canary: req.Canary}
}

// pick returns the version that fulfils a wish and the variant that it stands for.
func (s *Snapshot) pick(w wish) (*Version, string, error) {
	if s == nil {
		return nil, "", rank.Errorf(rank.Unavailable, "not ready: no model is loaded and warm")
	}
	m := s.fallback
	if w.model != "" {
		m = s.models[w.model]
	}
	if m == nil && w.model == "" {
		return nil, "", rank.Errorf(rank.UnknownModel,
			"the request names no model; POST to /rank/MODEL, or set models.default; loaded are %s", list(maps.Keys(s.models)))
	}
	if m == nil {
		return nil, "", rank.Errorf(rank.UnknownModel, "model %.64q is not loaded; loaded are %s", w.model, list(maps.Keys(s.models)))
	}
	switch {
	case w.pin != "":
		v := m.Versions[w.pin]
		if v == nil {
			return nil, "", rank.Errorf(rank.UnknownModel, "version %.64q of model %q%s is not loaded; loaded are %s",
				w.pin, m.Name, w.header, list(maps.Keys(m.Versions)))
		}
		return v, pinned, nil
	case m.Canary != nil && (w.canary == rank.CanaryAlways || w.canary == rank.CanarySplit && m.Split.Takes(w.user)):
		return m.Canary, canary, nil
	default:
		return m.Stable, stable, nil
	}
}

func list(names func(func(string) bool)) string {
	return strings.Join(slices.Sorted(names), ", ")
}
