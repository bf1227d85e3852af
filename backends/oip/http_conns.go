package oip

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"syscall"
	"time"
)

// conns are the connections to one server that nobody uses. fasthttp's own pool waits
// for a connection without a context, and can't say whether one was used before.
type conns struct {
	address string
	cfg     Config

	mu     sync.Mutex
	idle   []*conn // guarded by mu; the one used last at the end
	closed bool    // guarded by mu

	life context.Context //nolint:containedctx // of connections that are being made; ends with close
	end  context.CancelFunc
}

func newConns(address string, cfg Config) *conns {
	p := &conns{address: address, cfg: cfg}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// maxIdle bounds the connections kept to one server.
const maxIdle = 256

// conn is one connection, used by one call at a time.
type conn struct {
	net.Conn

	r    *bufio.Reader // as long as the headers of an answer may be
	w    *bufio.Writer
	used time.Time // when it was given back; zero for a new one
	got  int64     // bytes read in all

	raw  syscall.RawConn  // nil under TLS, which may have anything to say
	peek func(fd uintptr) // sets calm
	calm bool
}

func newConn(nc net.Conn, maxHeader int) *conn {
	c := &conn{Conn: nc, w: bufio.NewWriter(nc)}
	c.r = bufio.NewReaderSize(c, maxHeader)
	if socket, ok := nc.(syscall.Conn); ok {
		c.raw, _ = socket.SyscallConn() // without one there is no looking ahead
	}
	c.peek = func(fd uintptr) { c.calm = quiet(fd) }
	return c
}

// usable reports whether the server has neither closed the connection nor said
// anything since its last answer.
func (c *conn) usable() bool {
	return c.raw == nil || c.raw.Control(c.peek) == nil && c.calm
}

// Read counts what the server has said.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.got += int64(n)
	return n, err
}

// take returns a connection: the one that was used last, unless fresh is set or all
// have been idle for too long, else a new one.
func (p *conns) take(ctx context.Context, fresh bool) (*conn, error) {
	if !fresh {
		oldest := time.Now().Add(-p.cfg.IdleTimeout)
		for c := p.pop(oldest); c != nil; c = p.pop(oldest) {
			if c.usable() {
				return c, nil
			}
			c.Close()
		}
	}
	return p.connect(ctx)
}

// connect makes a connection. One that takes longer than the call has is made all the
// same, and kept: with budgets below the time that a handshake takes there would else
// never be one.
func (p *conns) connect(ctx context.Context) (*conn, error) {
	type made struct {
		conn *conn
		err  error
	}
	ready := make(chan made) // not buffered: whoever is not waited for keeps what it has made
	go func() {
		life, cancel := context.WithTimeout(p.life, p.cfg.ConnectTimeout)
		defer cancel()
		m := made{}
		var raw net.Conn
		if raw, m.err = p.dial(life); m.err == nil {
			m.conn = newConn(raw, p.cfg.MaxHeader)
		}
		select {
		case ready <- m:
		case <-ctx.Done():
			if m.err == nil {
				p.put(m.conn)
			}
		}
	}()
	select {
	case m := <-ready:
		return m.conn, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *conns) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: p.cfg.IdleTimeout}
	if p.cfg.TLS == nil {
		return dialer.DialContext(ctx, "tcp", p.address)
	}
	return (&tls.Dialer{NetDialer: &dialer, Config: p.cfg.TLS}).DialContext(ctx, "tcp", p.address)
}

// pop takes the idle connection that was used last, if that was after oldest, and
// closes those that were not.
func (p *conns) pop(oldest time.Time) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	stale := 0
	for stale < len(p.idle) && p.idle[stale].used.Before(oldest) {
		p.idle[stale].Close()
		stale++
	}
	if stale > 0 {
		p.idle = append(p.idle[:0], p.idle[stale:]...)
	}
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle[last], p.idle = nil, p.idle[:last]
	return c
}

// put keeps a connection whose call has read all of its answer.
func (p *conns) put(c *conn) {
	c.used = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= maxIdle {
		c.Close()
		return
	}
	p.idle = append(p.idle, c)
}

func (p *conns) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.end()
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}
