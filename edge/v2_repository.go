package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

// indexEntry is an element of the answer to /v2/repository/index.
type indexEntry struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
}

func (s *Server) index(within context.Context, _ target, body []byte) (any, error) {
	var asked struct {
		Ready bool `json:"ready"`
	}
	if err := decodeSmall(body, &asked, "ready, if it is there, true or false"); err != nil {
		return nil, err
	}
	all, err := s.cfg.Inference.Index(within)
	if err != nil {
		return nil, err
	}
	entries := make([]indexEntry, 0, len(all))
	for i := range all {
		if e := &all[i]; e.State == oip.StateReady || !asked.Ready {
			entries = append(entries, indexEntry(*e))
		}
	}
	return entries, nil
}

func (s *Server) load(within context.Context, t target, body []byte) (any, error) {
	var asked struct {
		Parameters map[string]json.RawMessage `json:"parameters"`
	}
	if err := decodeSmall(body, &asked, "parameters, if they are there, an object"); err != nil {
		return nil, err
	}
	for name := range asked.Parameters {
		if bad := LoadParameter(name); bad != nil {
			return nil, bad
		}
	}
	return nil, s.cfg.Inference.Load(within, string(t.model))
}

// LoadParameter returns why a model can't be loaded with the parameter of that name, nil
// if it can.
func LoadParameter(name string) *rank.Error {
	if name == "config" || strings.HasPrefix(name, "file:") {
		return rank.Errorf(rank.InvalidRequest,
			"parameters.%s: a model is loaded from its files in models.repository alone", Brief(name))
	}
	return nil
}

// unload has no use for a body: no model depends on another.
func (s *Server) unload(within context.Context, t target, _ []byte) (any, error) {
	return nil, s.cfg.Inference.Unload(within, string(t.model))
}

// decodeSmall reads a body that is an object, or nothing at all.
func decodeSmall(body []byte, into any, fields string) error {
	if len(bytes.TrimSpace(body)) == 0 || json.Unmarshal(body, into) == nil {
		return nil
	}
	return rank.Errorf(rank.InvalidRequest, "body: must be a JSON object, %s", fields)
}
