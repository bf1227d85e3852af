package rpc

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

// echo is a Service with one model of two versions, whose outputs are its inputs. A
// call with an input "wait" ends when its context does.
type echo struct {
	mu       sync.Mutex
	unloaded bool        // guarded by mu
	last     oip.Message // guarded by mu: what of a message is no view, but for User

	ended chan error // of each call that waits: why its context has ended
}

func newEcho() *echo { return &echo{ended: make(chan error, 16)} }

// serveEcho serves it, and lets models be loaded.
func serveEcho(t testing.TB) (served, *echo) {
	t.Helper()
	service, cfg := newEcho(), settings()
	cfg.Inference, cfg.Repository = service, true
	return start(t, cfg, descending), service
}

func (e *echo) Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	if err := e.Ready(ctx, m.Model, m.Version); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.last.User, e.last.Canary, e.last.Class, e.last.Headers = m.User, m.Canary, m.Class, append([]oip.Header(nil), m.Headers...)
	deadline, _ := ctx.Deadline()
	e.last.Timeout, e.last.Priority = time.Until(deadline), m.Priority
	e.mu.Unlock()
	reply := oip.NewReply(nil)
	reply.Model, reply.Version = "echo", "2"
	for i := range m.Inputs {
		t := m.Inputs[i]
		if t.Name == "wait" {
			<-ctx.Done()
			e.ended <- ctx.Err()
			reply.Release()
			return nil, rank.Errorf(rank.DeadlineExceeded, "gone: %v", m.Gone())
		}
		t.Raw = append([]byte(nil), t.Raw...)
		reply.Outputs = append(reply.Outputs, t)
	}
	return reply, nil
}

func (e *echo) Server() oip.ServerMetadata {
	return oip.ServerMetadata{Name: "rankgate", Version: "7", Extensions: []string{"model_repository", "statistics"}}
}

func (e *echo) Ready(_ context.Context, model, version string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case model != "" && model != "echo" || version != "" && version != "2":
		return rank.Errorf(rank.UnknownModel, "model %s %s: not in the repository", model, version)
	case e.unloaded:
		return rank.Errorf(rank.Unavailable, "model echo: not loaded")
	}
	return nil
}

func (e *echo) Metadata(ctx context.Context, model, version string) (*oip.Metadata, error) {
	return &oip.Metadata{
		Name: "echo", Versions: []string{"1", "2"}, Platform: "test",
		Inputs:  []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{-1, 3}}},
		Outputs: []oip.Tensor{{Name: "y", Type: oip.Int64, Shape: []int64{-1}}},
	}, e.Ready(ctx, model, version)
}

func (e *echo) Index(context.Context) ([]oip.IndexEntry, error) {
	return []oip.IndexEntry{
		{Name: "echo", Version: "1", State: "UNAVAILABLE", Reason: "an old one"}, {Name: "echo", Version: "2", State: "READY"},
	}, nil
}

func (e *echo) Load(_ context.Context, model string) error   { return e.set(model, false) }
func (e *echo) Unload(_ context.Context, model string) error { return e.set(model, true) }

func (e *echo) set(model string, unloaded bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if model != "echo" {
		return rank.Errorf(rank.UnknownModel, "model %s: not in the repository", model)
	}
	e.unloaded = unloaded
	return nil
}

func (e *echo) Statistics(ctx context.Context, model, version string) ([]oip.Statistics, error) {
	return []oip.Statistics{{Model: "echo", Version: "1"}, {
		Model: "echo", Version: "2", LastInference: time.UnixMilli(1_700_000_000_123), Rows: 9, Passes: 8,
		Success: oip.Tally{Count: 7, Total: 5 * time.Microsecond}, Fail: oip.Tally{Count: 1, Total: 2},
		Queue: oip.Tally{Count: 3, Total: 4}, Infer: oip.Tally{Count: 5, Total: 6},
	}}, e.Ready(ctx, model, version)
}
