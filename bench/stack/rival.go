package stack

import (
	"context"
	"path/filepath"
	"runtime"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/redis"
	"github.com/rankgate/rankgate/bench/rivals"
	"github.com/rankgate/rankgate/bench/workload"
)

// Rivals starts rivals for a workload. They read rows of their own form from the
// store that the gateway's are in too.
type Rivals struct {
	site     *Site
	config   rivals.Config
	store    *redis.Server
	workload *workload.Workload
	question *rivals.Question
	stream   *workload.Stream // to no server yet
}

// pythonRequirements makes the Python of those rivals that are in Python.
const pythonRequirements = "bench/rivals/python/requirements.txt"

// NewRivals stores the rows of rivals.
func (s *Site) NewRivals(ctx context.Context, w *workload.Workload, store *redis.Server) (*Rivals, error) {
	world, err := s.World(ctx, w.Graph)
	if err != nil {
		return nil, err
	}
	venv, err := s.venv(ctx, pythonRequirements)
	if err != nil {
		return nil, err
	}
	r := &Rivals{site: s, store: store, workload: w, stream: workload.NewStream(w, ""), config: rivals.Config{
		Redis: store.Address, Model: modelFile(world), Input: w.Graph.Input, Output: w.Graph.Output,
		Width: w.Graph.Width(), UserWidth: w.Graph.UserWidth, Workers: runtime.GOMAXPROCS(0),
		Sources: filepath.Join(s.Root, "bench/rivals"), Scratch: s.Dir, Library: s.Library, Python: filepath.Join(venv, "bin/python"),
	}}
	if err := rivals.Fill(ctx, &r.config, workload.Users, workload.Items); err != nil {
		return nil, err
	}
	r.question, err = rivals.Ask(&r.config, 7, 1, 4, 9, 16, 25, 36, 49)
	return r, err
}

// Check fails unless a server gives the scores that ONNX Runtime itself gives.
func (r *Rivals) Check(ctx context.Context, s *Server) error { return r.question.Check(ctx, s.url) }

// Start starts a rival, which must give the right scores.
func (r *Rivals) Start(ctx context.Context, rival *rivals.Rival) (*Server, error) {
	running, err := rival.Start(ctx, &r.config, r.question)
	if err != nil {
		return nil, err
	}
	return &Server{
		site: r.site, name: rival.Name, workload: r.workload, url: running.URL, child: running.Child, store: r.store, load: load.New(0),
		Callers: usualCallers, Stream: r.stream.At(running.URL),
	}, nil
}

// Versions says what a rival that was started is made of.
func (r *Rivals) Versions(ctx context.Context, rival *rivals.Rival) ([]string, error) {
	return rival.Versions(ctx, &r.config)
}
