package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// Ranker answers requests. Package router implements it.
type Ranker interface {
	// Rank fills res with the answer to req, or returns a *rank.Error for the
	// caller. Once it has returned, the memory of both serves other requests:
	// nothing that it started may read or write them any more.
	Rank(req *rank.Request, res *rank.Result) error
}

// RankerFunc is a function that is a Ranker.
type RankerFunc func(req *rank.Request, res *rank.Result) error

// Rank calls f.
func (f RankerFunc) Rank(req *rank.Request, res *rank.Result) error { return f(req, res) }

// Server is the public listener.
type Server struct {
	cfg    Config
	ranker Ranker
	ready  func() bool
	log    *slog.Logger
	fast   fasthttp.Server

	// phase only grows. Drain and Shutdown write it, requests read it.
	phase atomic.Int32

	mu        sync.Mutex
	listeners []*listener // of Serve, guarded by mu

	conns      conns
	exchanges  sync.Pool // of *exchange
	inferences sync.Pool // of *inference
	inflaters  *inflaters
	refusals   refusals
	stats      Stats
}

// The phases of a server's life; see Drain.
const (
	serving   int32 = iota
	unready         // answers, but /readyz says no
	lingering       // answers, and closes every connection after its answer
	stopped
)

// New returns a server that is ready to Serve. ready says whether a model is
// loaded and warm; it is asked by every /readyz.
func New(cfg Config, ranker Ranker, ready func() bool, log *slog.Logger) (*Server, error) {
	if mistakes := cfg.Validate(); len(mistakes) > 0 {
		errs := make([]error, len(mistakes))
		for i, m := range mistakes {
			errs[i] = m
		}
		return nil, fmt.Errorf("edge: %w", errors.Join(errs...))
	}
	inflaters, err := newInflaters(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, ranker: ranker, ready: ready, log: log, inflaters: inflaters, refusals: newRefusals(cfg)}
	s.exchanges.New = func() any { return new(exchange) }
	s.inferences.New = s.newInference
	s.fast = fasthttp.Server{
		Handler:      s.handle,
		ErrorHandler: s.malformed,
		ConnState:    turnTo,
		Logger:       debugLog{log},

		ReadTimeout:  cfg.Timeouts.Read,
		WriteTimeout: cfg.Timeouts.Write,
		IdleTimeout:  cfg.Timeouts.Idle,

		ReadBufferSize:  cfg.Limits.Header,
		WriteBufferSize: writeBuffer,
		Concurrency:     2 * cfg.Limits.Connections, // never met: listener is stricter

		// Without streaming, fasthttp allocates a whole Content-Length before
		// its first byte has come, so that silent connections which claim
		// limits.body each cost gigabytes. exchange.read grows with what comes.
		StreamRequestBody:  true,
		MaxRequestBodySize: cfg.Limits.Body,

		CloseOnShutdown:              true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		SecureErrorLogMessage:        true,
	}
	return s, nil
}

// writeBuffer holds a response of about 400 candidates, which then leaves in
// one system call.
const writeBuffer = 16 << 10

// Serve answers requests from ln until Drain or Shutdown, and closes ln. It
// returns nil after either of them.
func (s *Server) Serve(ln net.Listener) error {
	l := &listener{Listener: ln, server: s, closed: make(chan struct{})}
	s.mu.Lock()
	if s.phase.Load() == stopped {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	return s.fast.Serve(l)
}

// Stats returns the server's counters, which go on counting.
func (s *Server) Stats() *Stats { return &s.stats }

// handle answers one request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	c := ctx.Conn().(*conn)
	defer c.answered()
	defer s.recovered(ctx)
	s.route(ctx, c)
	skipBody(ctx, c)
	if s.phase.Load() >= lingering { // asked last: the answer may have taken long
		ctx.SetConnectionClose()
	}
}

// debugLog is where fasthttp's words about single connections go: they are
// counted, and a peer must not be able to fill the log.
type debugLog struct{ log *slog.Logger }

func (d debugLog) Printf(format string, args ...any) {
	d.log.Debug("http", "message", sprintf{format, args})
}

// sprintf formats itself if it is logged.
type sprintf struct {
	format string
	args   []any
}

func (s sprintf) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf(s.format, s.args...)) }
