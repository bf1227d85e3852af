package main

import (
	"encoding/json"
	"net/http"

	"github.com/rankgate/rankgate/router"
)

// adminHandler serves the admin listener.
func (g *gateway) adminHandler() http.Handler {
	mux := http.NewServeMux()
	g.metrics.Register(mux)
	mux.HandleFunc("GET /admin/models", g.listModels)
	return mux
}

// listedModel is one model as /admin/models shows it.
type listedModel struct {
	Name     string                   `json:"name"`
	Default  bool                     `json:"default"`
	Stable   string                   `json:"stable"`
	Canary   *listedCanary            `json:"canary,omitempty"`
	Versions map[string]listedVersion `json:"versions"`
}

type listedCanary struct {
	Version string  `json:"version"`
	Percent float64 `json:"percent"`
}

type listedVersion struct {
	Path     string            `json:"path"`
	Metadata map[string]string `json:"metadata"`
}

// listModels answers GET /admin/models: what is loaded, who gets it, and what
// its model.yaml tells of it.
func (g *gateway) listModels(w http.ResponseWriter, _ *http.Request) {
	models := []listedModel{}
	if snapshot := g.catalogue.Load(); snapshot != nil {
		for _, m := range snapshot.Models() {
			models = append(models, g.listed(m))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"models": models}); err != nil {
		g.log.Debug("/admin/models", "error", err) // the reader has left
	}
}

func (g *gateway) listed(m *router.Model) listedModel {
	l := listedModel{
		Name: m.Name, Default: m.Name == g.cfg.DefaultModel(g.repository),
		Stable: m.Stable.Spec.Version, Versions: map[string]listedVersion{},
	}
	if m.Canary != nil {
		l.Canary = &listedCanary{m.Canary.Spec.Version, g.cfg.Routes[m.Name].Canary.Percent}
	}
	for number, v := range m.Versions {
		l.Versions[number] = listedVersion{Path: v.Spec.Path, Metadata: v.Spec.Metadata}
	}
	return l
}
