package edge

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// listener hands out conns and outlives what a flood of connections does.
type listener struct {
	net.Listener
	server *Server
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a connection within limits.connections.
func (l *listener) Accept() (net.Conn, error) {
	s := l.server
	for pause := time.Duration(0); ; {
		nc, err := l.Listener.Accept()
		if err != nil {
			if !passing(err) {
				return nil, err
			}
			pause = min(max(2*pause, minPause), maxPause)
			s.log.Warn("cannot accept connections for the moment", "error", err, "again_in", pause)
			if !l.wait(pause) {
				return nil, net.ErrClosed
			}
			continue
		}
		pause = 0
		if s.stats.Connections.Add(1) <= int64(s.cfg.Limits.Connections) {
			c := newConn(nc, s)
			s.conns.add(c)
			return c, nil
		}
		s.stats.Connections.Add(-1)
		s.turnAway(nc)
	}
}

// Close ends Accept.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// The pause after a passing error doubles from minPause to maxPause.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// wait returns false if the listener was closed meanwhile.
func (l *listener) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.closed:
		return false
	case <-timer.C:
		return true
	}
}

// passing reports whether err says nothing about the listener: the process or
// the machine is out of something, or one peer left too early. fasthttp stops
// serving on any error, so that running out of file descriptors once would be
// the end.
func passing(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// turnAway answers a connection that is one too many. It runs between two
// Accepts and must not wait: a new connection's buffer is empty, and a handshake
// would wait for the peer.
func (s *Server) turnAway(nc net.Conn) {
	s.stats.TurnedAway.Add(1)
	if s.cfg.TLS != nil {
		_ = nc.Close()
		return
	}
	r := &s.refusals.connections
	body := errorBody(r.code, r.message)
	_ = nc.SetWriteDeadline(time.Now().Add(minPause))
	_, _ = fmt.Fprintf(nc, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\nRetry-After: %s\r\nContent-Length: %d\r\n\r\n%s",
		r.status, http.StatusText(r.status), contentJSON, retryAfter, len(body), body)
	_ = nc.Close()
}
