package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
)

// session is what the scenarios of one run of the program share.
type session struct {
	short  bool
	self   string // path of this program
	dir    string // scratch, gone afterwards
	binary string // of the gateway
	graph  string // content of sum.onnx
}

// newSession builds the gateway.
func newSession(ctx context.Context, short bool) (*session, error) {
	s := &session{short: short}
	var err error
	if s.self, err = os.Executable(); err != nil {
		return nil, err
	}
	root, err := gateway.Root(ctx)
	if err != nil {
		return nil, err
	}
	graph, err := os.ReadFile(filepath.Join(root, "backends/onnx/testdata/sum.onnx"))
	if err != nil {
		return nil, err
	}
	s.graph = string(graph)
	if s.dir, err = os.MkdirTemp("", "rankgate-tail-"); err != nil {
		return nil, err
	}
	if s.binary, err = gateway.Build(ctx, root, s.dir); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() { _ = os.RemoveAll(s.dir) }

// pick is a figure of the full run, or of the short one.
func pick[T any](s *session, full, short T) T {
	if s.short {
		return short
	}
	return full
}

// lag is how late the generator may be at its 99th percentile, unless a scenario
// says otherwise.
func (s *session) lag() time.Duration { return pick(s, 5*time.Millisecond, 100*time.Millisecond) }
