package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rankgate/rankgate/bench/floor"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/process"
	"github.com/rankgate/rankgate/bench/redis"
	"github.com/rankgate/rankgate/bench/workload"
)

// Floors are those of a workload, each alone.
type Floors struct {
	Reply *Server
	Pass  *Loop // of one thread; nil if all is scored already
	Read  *Loop // nil if features are in the gateway
}

// StartFloors starts the floors beneath a gateway.
func (s *Site) StartFloors(ctx context.Context, g *Server) (_ *Floors, err error) {
	f, w := &Floors{}, g.workload
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if f.Reply, err = s.StartReply(ctx, g); err != nil {
		return nil, err
	}
	if w.Fresh(w.Candidates()) > 0 {
		if f.Pass, err = s.StartPass(ctx, w, 1); err != nil {
			return nil, err
		}
	}
	if w.Redis {
		f.Read, err = s.StartRead(ctx, w, g.store)
	}
	return f, err
}

// Stacks are the floors that there are: the reply, the pass, the read.
func (f *Floors) Stacks() []measure.Stack {
	all := []measure.Stack{f.Reply}
	for _, loop := range []*Loop{f.Pass, f.Read} {
		if loop != nil {
			all = append(all, loop)
		}
	}
	return all
}

// Close ends those that were started.
func (f *Floors) Close() {
	if f.Reply != nil {
		f.Reply.Close()
	}
	for _, loop := range []*Loop{f.Pass, f.Read} {
		if loop != nil {
			loop.Close()
		}
	}
}

// Names of the floors.
const (
	ReplyName     = "bare fasthttp"
	PassName      = "bare ONNX Runtime pass"
	ServePassName = "bare fasthttp with a bare pass"
	ReadName      = "bare MGET"
)

// IsFloor tells whether a stack of that name is a floor.
func IsFloor(name string) bool { return strings.HasPrefix(name, "bare ") }

// FloorCommand is the command of this program that is a floor. Its first argument is
// one of the names below, the others are those of floor.Command.
const FloorCommand = "floor"

// StartReply starts a bare server for the same workload, with the reply that the given
// server gives to its next request.
func (s *Site) StartReply(ctx context.Context, like *Server) (*Server, error) {
	return s.startBare(ctx, ReplyName, like, "reply")
}

// StartServePass starts a bare server that runs a bare pass before it replies.
func (s *Site) StartServePass(ctx context.Context, like *Server) (*Server, error) {
	p, err := s.pass(ctx, like.workload, 1)
	if err != nil {
		return nil, err
	}
	return s.startBare(ctx, ServePassName, like, append([]string{"serve-pass"}, p...)...)
}

func (s *Site) startBare(ctx context.Context, name string, like *Server, args ...string) (*Server, error) {
	reply, err := like.reply(ctx)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.Dir, "reply.json")
	if err := os.WriteFile(file, reply, 0o600); err != nil {
		return nil, err
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	args = append([]string{FloorCommand}, args...)
	child, err := process.Start(ctx, s.Self, append(args, "--address", address, "--reply", file)...)
	if err != nil {
		return nil, err
	}
	if err := child.Await(ctx, "listening", func() bool { return listens(ctx, address) }); err != nil {
		child.Stop()
		return nil, err
	}
	url := "http://" + address
	return &Server{
		site: s, name: name, workload: like.workload, url: url, child: child, load: load.New(0), Callers: usualCallers,
		Stream: like.Stream.At(url),
	}, nil
}

func listens(ctx context.Context, address string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// pass is the arguments of a floor that runs a workload's passes.
func (s *Site) pass(ctx context.Context, w *workload.Workload, threads int) ([]string, error) {
	world, err := s.World(ctx, w.Graph)
	if err != nil {
		return nil, err
	}
	return []string{
		"--library", s.Library, "--model", modelFile(world),
		"--input", w.Graph.Input, "--output", w.Graph.Output, "--width", strconv.Itoa(w.Graph.Width()),
		"--rows", strconv.Itoa(w.Fresh(w.Candidates())), "--threads", strconv.Itoa(threads),
	}, nil
}

// modelFile is the graph in a directory of Site.World.
func modelFile(world string) string {
	return filepath.Join(world, workload.Repository, workload.ModelName, "1", "model.onnx")
}

// Loop is a floor that nobody asks: a process that goes round for a time when it is
// told to.
type Loop struct {
	name   string
	child  *process.Child
	store  *redis.Server
	orders *json.Encoder
	done   *json.Decoder
}

// StartPass starts a bare loop of passes with those rows of a workload's request that
// are not scored yet.
func (s *Site) StartPass(ctx context.Context, w *workload.Workload, threads int) (*Loop, error) {
	p, err := s.pass(ctx, w, threads)
	if err != nil {
		return nil, err
	}
	name := PassName
	if threads > 1 {
		name += fmt.Sprintf(", %d threads", threads)
	}
	return s.startLoop(ctx, name, nil, append([]string{"pass"}, p...)...)
}

// StartRead starts a bare loop that reads as many rows as a request has.
func (s *Site) StartRead(ctx context.Context, w *workload.Workload, store *redis.Server) (*Loop, error) {
	return s.startLoop(ctx, ReadName, store, "read", "--redis", store.Address, "--rows", strconv.Itoa(w.Candidates()))
}

func (s *Site) startLoop(ctx context.Context, name string, store *redis.Server, args ...string) (*Loop, error) {
	child, err := process.StartPiped(ctx, s.Self, append([]string{FloorCommand}, args...)...)
	if err != nil {
		return nil, err
	}
	l := &Loop{name: name, child: child, store: store, orders: json.NewEncoder(child.In), done: json.NewDecoder(child.Out)}
	if _, err := l.round(0); err != nil { // it is up when it has answered
		l.Close()
		return nil, fmt.Errorf("%w: %s", err, child.Log())
	}
	return l, nil
}

func (l *Loop) round(length time.Duration) (floor.Done, error) {
	var d floor.Done
	if err := l.orders.Encode(floor.Order{For: length}); err != nil {
		return d, err
	}
	return d, l.done.Decode(&d)
}

// Name implements measure.Stack.
func (l *Loop) Name() string { return l.name }

// Slice implements measure.Stack.
func (l *Loop) Slice(_ context.Context, length time.Duration) (measure.Slice, error) {
	before, err := clockOf(process.Tree(l.child.PID()), l.store)
	if err != nil {
		return measure.Slice{}, err
	}
	began := time.Now()
	d, err := l.round(length)
	if err != nil {
		return measure.Slice{}, fmt.Errorf("%w: %s", err, l.child.Log())
	}
	took := time.Since(began)
	after, err := clockOf(process.Tree(l.child.PID()), l.store)
	slice := after.since(before)
	slice.Requests, slice.Length = d.Rounds, took
	return slice, err
}

// Close ends the process.
func (l *Loop) Close() { l.child.Stop() }
