package oiptest

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"google.golang.org/grpc"

	"github.com/rankgate/rankgate/backends/oip"
)

// Config says what a Server holds and how fast it is.
type Config struct {
	Model   string       // its name; "" means "linear"
	Version string       // "" means "1"
	Inputs  []oip.Tensor // name, type and shape, the rows -1; none means x FP32[-1, 4]
	Output  string       // FP32[rows]; "" means "y"

	PerCall time.Duration // for which a call keeps a worker busy
	PerRow  time.Duration // likewise, for each of its rows
	Jitter  float64       // both are drawn for each call: times 1 + Jitter·x, x from the exponential distribution with mean 1
	Workers int           // calls served at a time; 0 means 1
	Queue   int           // calls waiting for a worker, oldest first; 0 means 1,024. More are refused.

	HTTP string // address to listen on; "" means a free port of the loopback
	GRPC string // likewise

	TLS *tls.Config // nil means plain text
}

// Server holds Linear under one name. It answers over HTTP and gRPC.
type Server struct {
	HTTP string // address, host:port
	GRPC string

	cfg    Config
	faults atomic.Pointer[Faults]
	queue  chan *job
	closed chan struct{}
	work   sync.WaitGroup // what Close waits for

	http      *fasthttp.Server
	listening net.Listener // of http
	grpc      *grpc.Server
	conns     connections // of gRPC, by address, for Reset

	calls, served, rows, dropped, expired, refused, failed, probes, swallowed, spent, unbounded, busy atomic.Int64
}

// Start starts a server that ends with the test.
func Start(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	s, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// New starts a server.
func New(cfg Config) (*Server, error) {
	cfg.Model, cfg.Version, cfg.Output = cmp.Or(cfg.Model, "linear"), cmp.Or(cfg.Version, "1"), cmp.Or(cfg.Output, "y")
	if cfg.Inputs == nil {
		cfg.Inputs = []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{-1, 4}}}
	}
	s := &Server{cfg: cfg, queue: make(chan *job, cmp.Or(cfg.Queue, 1024)), closed: make(chan struct{})}
	s.Set(Faults{})
	overHTTP, err := net.Listen("tcp", cmp.Or(cfg.HTTP, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("HTTP: %w", err)
	}
	overGRPC, err := net.Listen("tcp", cmp.Or(cfg.GRPC, "127.0.0.1:0"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("gRPC: %w", err), overHTTP.Close())
	}
	s.listening = overHTTP
	s.HTTP, s.GRPC = overHTTP.Addr().String(), overGRPC.Addr().String()
	if cfg.TLS != nil {
		overHTTP = tls.NewListener(overHTTP, cfg.TLS)
	}
	for range max(cfg.Workers, 1) {
		s.work.Go(s.serveQueue)
	}
	s.http = &fasthttp.Server{
		Handler: s.handle, NoDefaultServerHeader: true, MaxRequestBodySize: 64 << 20, CloseOnShutdown: true,
		Logger: quiet{}, ReadBufferSize: 16 << 10,
	}
	s.grpc = newGRPC(s)
	s.work.Go(func() { _ = s.http.Serve(overHTTP) }) // ends with Close
	s.work.Go(func() { _ = s.grpc.Serve(s.conns.listen(overGRPC)) })
	return s, nil
}

// Close ends the server at once, connections included.
func (s *Server) Close() error {
	close(s.closed)
	s.grpc.Stop()
	err := s.http.Shutdown()
	_ = s.listening.Close() // which Shutdown has done, unless Serve had not begun
	s.work.Wait()
	return err
}

// quiet is a logger for a server whose errors are made on purpose.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
