package rpc

import (
	"net"
	"sync"
)

// listener holds connections to limits.connections: gRPC's clients try again, later and
// later, when one is closed in their face.
type listener struct {
	net.Listener
	server *Server
}

// Accept waits for a connection within the limit.
func (l *listener) Accept() (net.Conn, error) {
	s := l.server
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if s.shared.Connections.Add(1) <= int64(s.cfg.Limits.Connections) {
			return &conn{Conn: nc, server: s}, nil
		}
		s.shared.Connections.Add(-1)
		s.stats.TurnedAway.Add(1)
		_ = nc.Close()
	}
}

// conn is a connection that counts until it is closed.
type conn struct {
	net.Conn
	server *Server
	once   sync.Once
}

func (c *conn) Close() error {
	c.once.Do(func() { c.server.shared.Connections.Add(-1) })
	return c.Conn.Close()
}
