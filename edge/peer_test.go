package edge

import (
	"bufio"
	"fmt"
	"net"
	"testing"

	"github.com/valyala/fasthttp"
)

// peer is one client connection.
type peer struct {
	net.Conn
	br *bufio.Reader
}

func (m memory) dial(t testing.TB) peer {
	t.Helper()
	c, err := m.ln.Dial()
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, c)
}

func newPeer(t testing.TB, c net.Conn) peer {
	t.Cleanup(func() { _ = c.Close() })
	return peer{c, bufio.NewReader(c)}
}

func (p peer) write(t testing.TB, raw string) {
	t.Helper()
	if _, err := p.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func (p peer) read(t testing.TB) *fasthttp.Response {
	t.Helper()
	res := &fasthttp.Response{}
	if err := res.Read(p.br); err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return res
}

// tryRoundTrip returns nil if no answer comes.
func (p peer) tryRoundTrip(body string) *fasthttp.Response {
	if _, err := p.Write([]byte(rawPost(body))); err != nil {
		return nil
	}
	return p.tryRead()
}

func (p peer) tryRead() *fasthttp.Response {
	res := &fasthttp.Response{}
	if err := res.Read(p.br); err != nil {
		return nil
	}
	return res
}

func (p peer) roundTrip(t testing.TB, body string) *fasthttp.Response {
	t.Helper()
	p.write(t, rawPost(body))
	return p.read(t)
}

func rawPost(body string) string {
	return fmt.Sprintf("POST /rank HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}
