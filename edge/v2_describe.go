package edge

import (
	"context"

	"github.com/rankgate/rankgate/backends/oip"
)

// serverDescription answers /v2.
type serverDescription struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Extensions []string `json:"extensions"`
}

// modelDescription answers /v2/models/M.
type modelDescription struct {
	Name     string              `json:"name"`
	Versions []string            `json:"versions"`
	Platform string              `json:"platform"`
	Inputs   []tensorDescription `json:"inputs"`
	Outputs  []tensorDescription `json:"outputs"`
}

type tensorDescription struct {
	Name     string  `json:"name"`
	Datatype string  `json:"datatype"`
	Shape    []int64 `json:"shape"`
}

func (s *Server) describeServer(context.Context, target, []byte) (any, error) {
	m := s.cfg.Inference.Server()
	return serverDescription{Name: m.Name, Version: m.Version, Extensions: list(m.Extensions)}, nil
}

func (s *Server) describeModel(within context.Context, t target, _ []byte) (any, error) {
	m, err := s.cfg.Inference.Metadata(within, string(t.model), string(t.version))
	if err != nil {
		return nil, err
	}
	return modelDescription{
		Name: m.Name, Versions: list(m.Versions), Platform: m.Platform,
		Inputs: describeTensors(m.Inputs), Outputs: describeTensors(m.Outputs),
	}, nil
}

func describeTensors(tensors []oip.Tensor) []tensorDescription {
	said := make([]tensorDescription, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		said[i] = tensorDescription{Name: t.Name, Datatype: t.Type.String(), Shape: list(t.Shape)}
	}
	return said
}

// list returns s, whose JSON is never null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
