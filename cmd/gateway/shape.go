package main

import (
	"fmt"
	"sync"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/model"
)

// shape is what all places of a version must agree on: rows that were made for one of
// them must fit the others.
type shape struct {
	spec   *model.Spec
	file   *config.File // the model.yaml
	widths model.Widths

	known chan struct{} // closed when what follows is
	mu    sync.Mutex    // guards what follows until known is closed; it never changes then
	sig   *model.Signature
	graph model.Graph
}

func newShape(m *config.Model, widths model.Widths) *shape {
	return &shape{spec: &m.Spec, file: m.File, widths: widths, known: make(chan struct{})}
}

// fit returns how a place with that graph is fed. The first one decides for all.
func (s *shape) fit(graph model.Graph) (*model.Signature, error) {
	sig, mistakes := model.Resolve(s.spec, graph, s.widths)
	if mistakes != nil {
		return nil, s.file.Errors(mistakes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sig == nil {
		s.sig, s.graph = sig, graph
		close(s.known)
		return sig, nil
	}
	for i, in := range sig.Inputs {
		if first := s.sig.Inputs[i]; in.Name != first.Name || in.Type != first.Type || in.Width != first.Width {
			return nil, fmt.Errorf("its input is %s, elsewhere %s", in.Tensor, first.Tensor)
		}
	}
	return sig, nil
}
