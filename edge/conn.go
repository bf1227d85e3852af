package edge

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// conn is a connection that knows when the request on it began and whether its
// peer is still there.
type conn struct {
	net.Conn
	server *Server

	// Used only by the goroutine that serves the connection.
	begun  bool      // a byte of the current request has been read
	first  time.Time // when that was, zero before the connection's first byte; see answered
	whole  bool      // the current request's body has been read to its end
	wire   wire
	served uint64 // requests that have been answered
	mute   bool   // what is written is dropped

	waiting atomic.Bool   // Read waits for the first byte of a request
	turns   atomic.Uint64 // how often waiting has ended
	linger  atomic.Bool   // Close waits for the peer; see drainPeer
	closed  atomic.Bool
	left    atomic.Bool // the peer was seen to have left; never unset

	// Used only by Drain: how many looks in a row found nothing going on, and
	// turns at the last of them.
	idle   int
	atTurn uint64

	// raw, peek and gone are set once, before the connection is served, so that
	// asking allocates nothing. All are nil if it is no socket. They are about the
	// socket below TLS.
	raw   syscall.RawConn
	peek  func(fd uintptr) // writes what it saw to ahead
	gone  func() bool
	ahead atomic.Uint32
}

// What reading from a socket would do.
const (
	readWaits uint32 = iota
	readTakes        // there are bytes
	readEnds         // the peer has closed, or the connection is broken
)

func newConn(nc net.Conn, s *Server) *conn {
	c := &conn{Conn: nc, server: s}
	if s.cfg.TLS != nil {
		c.Conn = tls.Server(nc, s.cfg.TLS)
	}
	socket, ok := nc.(syscall.Conn)
	if !ok || !canPeek {
		return c
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return c
	}
	c.raw = raw
	c.peek = func(fd uintptr) { c.ahead.Store(peekSocket(fd)) }
	c.gone = c.isGone
	return c
}

// Read returns what makes requests, up to the first byte that does not.
func (c *conn) Read(p []byte) (int, error) {
	if c.wire.wrong != "" {
		return 0, errRefused
	}
	n, err := c.receive(p)
	if good := c.wire.feed(p[:n]); good < n {
		n, err = good, nil
	}
	if n == 0 && c.wire.wrong != "" {
		return 0, errRefused
	}
	return n, err
}

// receive notes when the first byte of a request arrives.
func (c *conn) receive(p []byte) (int, error) {
	if c.begun {
		return c.Conn.Read(p)
	}
	c.waiting.Store(true)
	n, err := c.Conn.Read(p)
	c.waiting.Store(false)
	c.turns.Add(1)
	if n > 0 {
		c.begun, c.first = true, time.Now()
	}
	return n, err
}

// answered ends a request: the next byte begins another. The bytes of a
// pipelined request may have been read with those of the one before it; it then
// begins at the moment when the server turns to it, which is now.
func (c *conn) answered() {
	c.begun, c.whole, c.first = false, false, time.Now()
	c.served++
}

// refused says why the current request is refused, "" if it is not. The wire is
// ahead of it if the peer pipelines.
func (c *conn) refused() string {
	if c.wire.ended > c.served {
		return ""
	}
	return c.wire.wrong
}

// turnTo is told when fasthttp has at least a byte of the next request, which
// Read does not see if the request is pipelined. About a connection's first
// request fasthttp says so too early, but Read sees that one.
func turnTo(nc net.Conn, state fasthttp.ConnState) {
	if state == fasthttp.StateActive {
		c := nc.(*conn)
		c.begun = !c.first.IsZero()
	}
}

// isGone reports whether the peer has closed the connection. It peeks at the
// socket: bytes of a pipelined request mean that it is there, the end of the
// stream or an error that it is not. A peer that closes only its sending half
// counts as gone; TCP does not tell the two apart before it is written to. Under
// TLS a peer that takes its leave sends bytes to do so, and is not noticed before
// they are read; one that just closes, or whose connection breaks, is. Any
// goroutine may ask while the request is being answered.
func (c *conn) isGone() bool {
	if c.left.Load() {
		return true
	}
	if c.look() == readEnds {
		c.left.Store(true)
	}
	return c.left.Load()
}

// look says what reading from the socket would do.
func (c *conn) look() uint32 {
	// Control, not Read: the latter fails once the read deadline has passed.
	if c.raw.Control(c.peek) != nil {
		return readEnds
	}
	return c.ahead.Load()
}

// observe notes whether the connection is idle: its Read has been waiting since
// the last look, and there is nothing in the socket for it to take.
func (c *conn) observe() {
	turn := c.turns.Load()
	if turn != c.atTurn || !c.waiting.Load() || c.raw != nil && c.look() == readTakes {
		c.idle, c.atTurn = 0, turn
		return
	}
	c.idle++
}

// Write drops what a muted connection is to say.
func (c *conn) Write(p []byte) (int, error) {
	if c.mute {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// Close closes the connection once.
func (c *conn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	if c.linger.Load() {
		c.drainPeer()
	}
	c.server.conns.remove(c)
	c.server.stats.Connections.Add(-1)
	return c.Conn.Close()
}

// A refused peer may still be sending. It gets lingerTime to read the answer,
// in which up to lingerBytes of what it sends are thrown away.
const (
	lingerTime  = time.Second
	lingerBytes = 16 << 20
)

// drainPeer reads until the peer has closed its half. Closing with bytes unread
// would make the kernel send a reset, which destroys the answer on its way.
func (c *conn) drainPeer() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.Conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, lingerBytes))
}
