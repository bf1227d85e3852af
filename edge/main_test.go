package edge

import (
	"log/slog"
	"net"
	"slices"
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
	"go.uber.org/goleak"

	"github.com/rankgate/rankgate/edge/wiretest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),     // one per process, for ever
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),  // notices a stop within 10 s
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"), // of a client that is gone, within 10 s
	)
}

// descending gives candidates back in the order in which they came.
var descending RankerFunc = wiretest.Descending

func warm() bool { return true }

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newServer returns a server with cfg and ranker whose models are loaded.
func newServer(t testing.TB, cfg Config, ranker RankerFunc) *Server {
	t.Helper()
	s, err := New(cfg, ranker, warm, silent())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// memory is a server that is reached without sockets.
type memory struct {
	*Server
	ln *fasthttputil.InmemoryListener
}

// serveInMemory serves until the test ends.
func serveInMemory(t testing.TB, s *Server) memory {
	t.Helper()
	m := memory{s, fasthttputil.NewInmemoryListener()}
	done := make(chan error, 1)
	go func() { done <- s.Serve(m.ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
		_ = m.ln.Close()
		if err := <-done; err != nil {
			t.Errorf("Serve() = %v; want nil", err)
		}
	})
	return m
}

// call is one request as the tests write it.
type call struct {
	method, path string
	headers      []string // name, value, name, value
	body         string
}

// do sends c on a connection of its own.
func (m memory) do(t testing.TB, c call) *fasthttp.Response {
	t.Helper()
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI("http://gateway" + c.path)
	req.Header.SetMethod(c.method)
	for pair := range slices.Chunk(c.headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	req.SetBodyString(c.body)
	client := fasthttp.HostClient{
		Addr: "gateway", Dial: func(string) (net.Conn, error) { return m.ln.Dial() },
		NoDefaultUserAgentHeader: true, MaxIdemponentCallAttempts: 1,
	}
	defer client.CloseIdleConnections()
	res := &fasthttp.Response{}
	res.SkipBody = c.method == "HEAD"
	if err := client.Do(req, res); err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return res
}

// post is a POST to /rank that says it is JSON.
func post(body string, headers ...string) call {
	return call{"POST", "/rank", append([]string{"Content-Type", "application/json"}, headers...), body}
}
