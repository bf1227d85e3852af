package main

import (
	"slices"

	"github.com/rankgate/rankgate/config"
)

// warnOfProviders logs which of onnx.providers are missing. Models run on the next one
// then: a fleet where a GPU is gone is slower, not down.
func (g *gateway) warnOfProviders() {
	for _, m := range g.runtime.Missing {
		g.log.Warn("models can't run on a provider of onnx.providers", "provider", m.Name, "instead", m.Instead,
			"reason", m.Reason, "needs", m.Needs())
	}
}

// providers reports for each of onnx.providers whether it is there.
func (g *gateway) providers() map[string]bool {
	usable := map[string]bool{}
	for _, name := range g.runtime.Providers {
		usable[name] = true
	}
	for _, m := range g.runtime.Missing {
		usable[m.Name] = false
	}
	return usable
}

// providersOf returns what the sessions of a model run on, nil if it has none in this
// process.
func (g *gateway) providersOf(model string) []string {
	if slices.Contains(g.placesOf(model), config.Local) {
		return g.runtime.Providers
	}
	return nil
}
