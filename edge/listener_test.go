package edge

import (
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scarce is a listener that fails a number of times before each connection.
type scarce struct {
	net.Listener
	failures int
	err      error
	left     int
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.left > 0 {
		s.left--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", s.err)}
	}
	s.left = s.failures
	return s.Listener.Accept()
}

func TestRunningOutOfFileDescriptorsIsSurvived(t *testing.T) {
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED} {
		s := newServer(t, DefaultConfig(), descending)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Serve(&scarce{Listener: ln, failures: 2, err: errno, left: 2}) }()
		for range 2 {
			p := dialTCP(t, ln.Addr().String())
			if res := p.roundTrip(t, good); res.StatusCode() != 200 {
				t.Errorf("%v: got %d; want 200", errno, res.StatusCode())
			}
			_ = p.Close()
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("%v: Shutdown() = %v; want nil", errno, err)
		}
		if err := <-done; err != nil {
			t.Errorf("%v: Serve() = %v; want nil", errno, err)
		}
	}
}

func TestABrokenListenerEndsServing(t *testing.T) {
	s := newServer(t, DefaultConfig(), descending)
	err := s.Serve(&scarce{err: syscall.EBADF, left: 1})
	if !errors.Is(err, syscall.EBADF) {
		t.Errorf("Serve() = %v; want %v", err, syscall.EBADF)
	}
}

func TestPausesOfAcceptGrowAndEndWithTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const failures = 12
		l := &listener{
			Listener: &scarce{Listener: closedListener{}, failures: failures, err: syscall.EMFILE, left: failures},
			server:   newServer(t, DefaultConfig(), descending), closed: make(chan struct{}),
		}
		begin := time.Now()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept() = %v; want %v", err, net.ErrClosed)
		}
		if got, want := time.Since(begin), (5+10+20+40+80+160+320+640+4*1000)*time.Millisecond; got != want {
			t.Errorf("%d failures took %v; want %v", failures, got, want)
		}
		l.Listener = &scarce{err: syscall.EMFILE, left: 1 << 30}
		time.AfterFunc(10*time.Second, func() { _ = (&listener{Listener: closedListener{}, closed: l.closed}).Close() })
		begin = time.Now()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) || time.Since(begin) != 10*time.Second {
			t.Errorf("Accept() = %v after %v; want %v after 10s", err, time.Since(begin), net.ErrClosed)
		}
	})
}

type closedListener struct{ net.Listener }

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }

func TestAConnectionTooManyIsToldSo(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Connections = 2
	s := newServer(t, cfg, descending)
	address := serveTCP(t, s)
	first, second := dialTCP(t, address), dialTCP(t, address)
	first.roundTrip(t, good)
	second.roundTrip(t, good)
	res := dialTCP(t, address).read(t)
	const want = `{"error":{"code":"overloaded","message":"more than 2 connections (limits.connections)"}}`
	if res.StatusCode() != 429 || string(res.Body()) != want || !res.ConnectionClose() || string(res.Header.Peek("Retry-After")) != "1" {
		t.Errorf("got %d %s; want 429 %s with Retry-After and close", res.StatusCode(), res.Body(), want)
	}
	if open, away := s.Stats().Connections.Load(), s.Stats().TurnedAway.Load(); open != 2 || away != 1 {
		t.Errorf("Connections, TurnedAway = %d, %d; want 2, 1", open, away)
	}
	_ = first.Close()
	var served atomic.Bool
	for !served.Load() { // the server learns of the close in its own time
		p := dialTCP(t, address)
		if res := p.tryRoundTrip(good); res != nil && res.StatusCode() == 200 && !strings.Contains(string(res.Body()), "error") {
			served.Store(true)
		}
		_ = p.Close()
	}
}
