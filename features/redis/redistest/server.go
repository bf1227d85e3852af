// Package redistest starts real Redis servers for tests: alone, with TLS, behind
// sentinels, as a cluster, or behind a proxy that disturbs them. Everything ends
// with the test.
package redistest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/rankgate/rankgate/childtest"
)

// Install is the command that installs what the tests need.
const Install = "sudo apt-get install redis-server redis-sentinel"

// BinaryEnv names the environment variable with the path of another server that
// the tests use in place of redis-server: Valkey's.
const BinaryEnv = "RANKGATE_REDIS_SERVER"

const redisServer = "redis-server"

// Server is one running redis-server.
type Server struct {
	Addr string // host:port
	Dir  string // its working directory

	tb      testing.TB
	binary  string // in place of the one that the environment names
	args    []string
	command *exec.Cmd
	ended   chan struct{} // closed when the command has ended
	log     childtest.Output
}

// Start starts a server on a free port of the loopback and waits until it
// accepts connections. args are redis-server's ("--maxmemory", "10mb").
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return start(tb, func(s *Server, port string) []string {
		return append([]string{
			"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
			"--repl-diskless-sync-delay", "0", "--dir", s.Dir,
		}, args...)
	})
}

// start starts a server with the arguments that args makes for a port. If someone
// takes the port first, it takes another.
func start(tb testing.TB, args func(s *Server, port string) []string) *Server {
	tb.Helper()
	s := &Server{Dir: tb.TempDir(), tb: tb}
	tb.Cleanup(s.Kill)
	var err error
	for range 3 {
		s.Addr = childtest.FreeAddress(tb)
		_, port, _ := net.SplitHostPort(s.Addr)
		s.args = args(s, port)
		if err = s.run(); err == nil {
			return s
		}
	}
	tb.Fatal(err)
	return nil
}

// Restart starts the server again after Kill, on the same port. It knows what it
// had saved before, which by default is nothing.
func (s *Server) Restart() {
	s.tb.Helper()
	if err := s.run(); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *Server) run() error {
	name := cmp.Or(s.binary, os.Getenv(BinaryEnv), redisServer)
	binary, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("%s is not here: run %q", name, Install)
	}
	s.log.Reset()
	command, ended := exec.CommandContext(context.Background(), binary, s.args...), make(chan struct{}) //nolint:gosec // the tests say what
	command.Stdout, command.Stderr = &s.log, &s.log
	if err := command.Start(); err != nil {
		return err
	}
	go func() {
		defer close(ended)
		_ = command.Wait() // it is killed in the end, and says so
	}()
	s.command, s.ended = command, ended
	return s.awaitStart()
}

// Kill ends the server as kill -9 does. It may be called twice.
func (s *Server) Kill() {
	if s.command == nil {
		return
	}
	s.signal(syscall.SIGKILL)
	<-s.ended
	s.command = nil
}

// Running reports whether the server was started and not killed.
func (s *Server) Running() bool { return s.command != nil }

// Pause stops the server without closing its connections; Resume goes on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	if err := s.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.tb.Logf("redis-server %s: %v", s.Addr, err)
	}
}

// awaitStart waits until the server takes connections, be it only to say that it
// is loading. What it prints is its own: whoever else has the port answers too.
func (s *Server) awaitStart() error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if s.log.Has("Ready to accept connections", "Loading RDB", "Sentinel ID is") {
			return nil
		}
		select {
		case <-s.ended:
			s.command = nil
			return fmt.Errorf("redis-server on %s ended: %s", s.Addr, s.log.String())
		case <-time.After(poll):
		}
	}
	s.Kill()
	return fmt.Errorf("redis-server on %s did not start: %s", s.Addr, s.log.String())
}

// patience is how long anything may take on a machine that is busy, poll the time
// between two looks.
const (
	patience = time.Minute
	poll     = 10 * time.Millisecond
)

// await waits until ok says nothing any more, else fails the test with what it
// said last.
func await(tb testing.TB, what string, ok func() error) {
	tb.Helper()
	err := ok()
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); err = ok() {
		time.Sleep(poll)
	}
	if err != nil {
		tb.Fatalf("waited %v in vain until %s: %v", patience, what, err)
	}
}
