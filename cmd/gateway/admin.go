package main

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/router"
)

// adminHandler serves the admin listener.
func (g *gateway) adminHandler() http.Handler {
	mux := http.NewServeMux()
	g.metrics.Register(mux)
	mux.HandleFunc("GET /admin/models", g.listModels)
	mux.HandleFunc("GET /admin/backends", g.listBackends)
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
	Version   string  `json:"version"`
	Percent   float64 `json:"percent"`
	Withdrawn bool    `json:"withdrawn"` // users get the stable version, because this one fails
}

type listedVersion struct {
	Path      string            `json:"path"`
	Metadata  map[string]string `json:"metadata"`
	Providers []string          `json:"providers,omitempty"` // of ONNX Runtime, if it runs in this process
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
	g.tell(w, map[string]any{"models": models})
}

// tell answers a question to the admin listener.
func (g *gateway) tell(w http.ResponseWriter, what map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(what); err != nil {
		g.log.Debug("the admin listener's answer was not read", "error", err)
	}
}

// listedPool is one pool as /admin/backends shows it.
type listedPool struct {
	Name     string         `json:"name"`
	InFlight int            `json:"in_flight"`
	Limit    int            `json:"limit"` // of in_flight, as learned
	Calls    uint64         `json:"calls"`
	Hedges   uint64         `json:"hedges"`
	Retries  uint64         `json:"retries"`
	Servers  []listedServer `json:"servers"`
}

type listedServer struct {
	Address  string  `json:"address"`
	State    string  `json:"state"` // unproven, well, unready, ejected or trial
	InFlight int     `json:"in_flight"`
	Calls    uint64  `json:"calls"`
	Failures uint64  `json:"failures"`
	PeakMS   float64 `json:"peak_ms"`
	Error    string  `json:"error,omitempty"` // of the latest probe, if it failed
}

// listBackends answers GET /admin/backends: the pools and what they think of their
// servers.
func (g *gateway) listBackends(w http.ResponseWriter, _ *http.Request) {
	pools := []listedPool{}
	for _, p := range g.poolSources() {
		s := p.Stats()
		l := listedPool{p.Name, s.InFlight, s.Limit, s.Calls, s.Hedges, s.Retries, []listedServer{}}
		for _, server := range s.Servers {
			shown := listedServer{
				server.Address, server.State.String(), server.InFlight,
				server.Calls, server.Failures, float64(server.Peak) / float64(time.Millisecond), "",
			}
			if server.Err != nil {
				shown.Error = server.Err.Error()
			}
			l.Servers = append(l.Servers, shown)
		}
		pools = append(pools, l)
	}
	g.tell(w, map[string]any{"pools": pools})
}

func (g *gateway) listed(m *router.Model) listedModel {
	l := listedModel{
		Name: m.Name, Default: m.Name == g.cfg.DefaultModel(g.repository),
		Stable: m.Stable.Spec.Version, Versions: map[string]listedVersion{},
	}
	if m.Canary != nil {
		l.Canary = &listedCanary{m.Canary.Spec.Version, g.cfg.Routes[m.Name].Canary.Percent, m.Canary.Trial.Withdrawn()}
	}
	for number, v := range m.Versions {
		l.Versions[number] = listedVersion{v.Spec.Path, v.Spec.Metadata, g.providersOf(m.Name)}
	}
	return l
}
