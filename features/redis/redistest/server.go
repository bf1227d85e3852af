// Package redistest starts real Redis servers for tests: alone, behind
// sentinels, or as a cluster. Everything ends with the test.
package redistest

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Install is the command that installs what the tests need.
const Install = "sudo apt-get install redis-server redis-sentinel"

// Server is one running redis-server.
type Server struct {
	Addr string // host:port
	Dir  string // its working directory

	tb      testing.TB
	args    []string
	command *exec.Cmd
	log     bytes.Buffer
}

// Start starts a server on a free port of the loopback and waits until it
// answers. args are redis-server's ("--maxmemory", "10mb").
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := &Server{Addr: FreeAddr(tb), Dir: tb.TempDir(), tb: tb}
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	s.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.Dir}, args...)
	tb.Cleanup(s.Kill)
	s.Restart()
	return s
}

// Restart starts the server again after Kill, on the same port, empty.
func (s *Server) Restart() {
	s.tb.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatalf("redis-server is not here: run %q", Install)
	}
	s.log.Reset()
	s.command = exec.Command(binary, s.args...)
	s.command.Stdout, s.command.Stderr = &s.log, &s.log
	if err := s.command.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.awaitPort()
}

// Kill ends the server as kill -9 does. It may be called twice.
func (s *Server) Kill() {
	if s.command == nil {
		return
	}
	s.signal(syscall.SIGKILL)
	_ = s.command.Wait() // it was killed, and says so
	s.command = nil
}

// Pause stops the server without closing its connections; Resume goes on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	if err := s.command.Process.Signal(signal); err != nil {
		s.tb.Logf("redis-server %s: %v", s.Addr, err)
	}
}

// awaitPort waits until the server accepts connections.
func (s *Server) awaitPort() {
	s.tb.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if conn, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Kill()
	s.tb.Fatalf("redis-server on %s did not start: %s", s.Addr, s.log.String())
}

// FreeAddr returns an address of the loopback on which nothing listens now.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr())
}
