package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/process"
	"github.com/rankgate/rankgate/bench/redis"
	"github.com/rankgate/rankgate/bench/workload"
)

// Server is a process that answers a workload over the loopback.
type Server struct {
	Stream  *workload.Stream
	Callers uint64 // of a slice, each asks again as soon as it has its answer

	site     *Site
	name     string
	workload *workload.Workload
	url      string
	child    *process.Child
	far      *process.Child   // what the model is on, nil if that is the server itself
	gateway  *gateway.Gateway // nil unless it is one
	store    *redis.Server    // whose processor time counts as that of others; may be nil
	load     *load.Generator
	stop     []func()
}

// usualCallers keep two processors busy, and no more than that.
const usualCallers = 4

// Name implements measure.Stack.
func (s *Server) Name() string { return s.name }

// Site is where the server was started.
func (s *Server) Site() *Site { return s.site }

// Workload is what the server answers.
func (s *Server) Workload() *workload.Workload { return s.workload }

// Of is the same server asked for another workload of the same graph, which it is
// warm for, by users who have not asked yet. Only the first one is closed.
func (s *Server) Of(ctx context.Context, w *workload.Workload) (*Server, error) {
	other := *s
	other.workload, other.Stream = w, s.Stream.Of(w)
	return &other, other.Warm(ctx)
}

// Target is the server for a load at some rate.
func (s *Server) Target() *measure.Target {
	return &measure.Target{Name: s.name, Generator: s.load, Load: s.Stream, Sent: s.Stream.Advance}
}

// Gateway is the gateway, nil if the server is none.
func (s *Server) Gateway() *gateway.Gateway { return s.gateway }

// Generator is what sends the server's requests.
func (s *Server) Generator() *load.Generator { return s.load }

// Close ends the server.
func (s *Server) Close() {
	s.load.Close()
	s.child.Stop()
	if s.far != nil {
		s.far.Stop()
	}
	for _, stop := range s.stop {
		stop()
	}
}

// RSS is the resident memory of the server's processes, in bytes.
func (s *Server) RSS() (int64, error) { return process.RSS(s.processes()...) }

// processes are those of the server, and of what its model is on.
func (s *Server) processes() []int {
	all := process.Tree(s.child.PID())
	if s.far != nil {
		all = append(all, process.Tree(s.far.PID())...)
	}
	return all
}

// Slice implements measure.Stack.
func (s *Server) Slice(ctx context.Context, length time.Duration) (measure.Slice, error) {
	before, err := clockOf(s.processes(), s.store)
	if err != nil {
		return measure.Slice{}, err
	}
	run, err := s.load.Closed(ctx, s.Stream, s.Callers, length)
	if err != nil {
		return measure.Slice{}, err
	}
	after, err := clockOf(s.processes(), s.store)
	if err != nil {
		return measure.Slice{}, err
	}
	s.Stream.Advance(len(run.Samples))
	if err := complete(run); err != nil {
		return measure.Slice{}, err
	}
	slice := after.since(before)
	slice.Requests, slice.Length = len(run.Samples), run.Length
	if s.gateway != nil { // a bare server repeats what it was given
		slice.Hits = hits(run.Samples)
	}
	return slice, nil
}

// While keeps the server busy until do has returned, and returns what came of that.
func (s *Server) While(ctx context.Context, do func() error) (*load.Run, error) {
	busy, stop := context.WithCancel(ctx)
	defer stop()
	told := make(chan *load.Run, 1)
	go func() {
		run, _ := s.load.Closed(busy, s.Stream, s.Callers, 0) // it ends when it is told to
		told <- run
	}()
	err := do()
	stop()
	run := <-told
	s.Stream.Advance(len(run.Samples))
	return run, err
}

// complete returns an error if not every answer of a run was complete.
func complete(r *load.Run) error {
	bad := len(r.Samples) - len(r.With(load.OK))
	if bad == 0 {
		return nil
	}
	words := ""
	for words = range r.Words {
		break
	}
	return fmt.Errorf("%d of %d answers are not complete %s", bad, len(r.Samples), words)
}

func hits(all load.Samples) float64 {
	cached, rows := 0, 0
	for i := range all {
		cached += all[i].Cached
		rows += all[i].Cached + all[i].Fresh
	}
	if rows == 0 {
		return 0
	}
	return float64(cached) / float64(rows)
}

// clock is what processes have used so far.
type clock struct{ server, generator, others time.Duration }

// clockOf is that of processes, and of a store that may be nil.
func clockOf(processes []int, store *redis.Server) (c clock, err error) {
	if c.server, err = process.CPU(processes...); err != nil {
		return c, err
	}
	if store != nil {
		if c.others, err = store.CPU(); err != nil {
			return c, err
		}
	}
	c.generator, err = process.CPU(os.Getpid())
	return c, err
}

func (c clock) since(before clock) measure.Slice {
	return measure.Slice{
		CPU: c.server - before.server, Generator: c.generator - before.generator, Others: c.others - before.others,
	}
}

// Warm asks as often as it takes until every user who comes back has been seen.
func (s *Server) Warm(ctx context.Context) error {
	for n := range s.Stream.Warm() {
		if sample := s.load.One(ctx, s.Stream, n); sample.Outcome != load.OK {
			return errors.Join(ctx.Err(), fmt.Errorf("%s does not answer: %s", s.name, s.child.Log()))
		}
	}
	s.Stream.Advance(s.Stream.Warm())
	return nil
}

// reply is what the server answers to the next request.
func (s *Server) reply(ctx context.Context) ([]byte, error) {
	var target vegeta.Target
	s.Stream.Request(0, &target)
	s.Stream.Advance(1)
	return gateway.Fetch(ctx, http.MethodPost, target.URL, target.Body)
}
