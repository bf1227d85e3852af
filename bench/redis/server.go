// Package redis starts redis-server for the benches.
package redis

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rankgate/rankgate/bench/process"
)

// Server is a redis-server of our own on a free port of the loopback. It is empty at
// first, saves nothing, and is gone after Close.
type Server struct {
	Address string // host:port
	Dir     string // scratch, of whoever uses the server; gone after Close

	child *process.Child
}

// Install is the command that installs redis-server, and redis-cli with it.
const Install = "sudo apt-get install redis-server"

const program = "redis-server"

// Find returns the path of redis-server, or an error that says how to install it.
func Find() (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is not here: run %q", program, Install)
	}
	return path, nil
}

// Start starts a server, which is killed when ctx ends, and waits until it is ready.
func Start(ctx context.Context) (*Server, error) {
	binary, err := Find()
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if s.Address, err = process.FreeAddress(); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(s.Address)
	if s.Dir, err = os.MkdirTemp("", "rankgate-bench-"); err != nil {
		return nil, err
	}
	s.child, err = process.Start(ctx, binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.Dir)
	if err != nil {
		_ = os.RemoveAll(s.Dir)
		return nil, err
	}
	ready := func() bool { return strings.Contains(s.child.Log(), "Ready to accept connections") }
	if err := s.child.Await(ctx, "ready", ready); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// CPU is the processor time that the server has used.
func (s *Server) CPU() (time.Duration, error) { return process.CPU(s.child.PID()) }

// Close ends the server.
func (s *Server) Close() {
	s.child.Stop()
	_ = os.RemoveAll(s.Dir)
}
