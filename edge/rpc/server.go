package rpc

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // callers may compress
	"google.golang.org/grpc/keepalive"

	"github.com/rankgate/rankgate/edge"
)

// Server is the public listener for gRPC.
type Server struct {
	cfg    Config
	ranker edge.Ranker
	ready  func() bool
	log    *slog.Logger

	grpc     *grpc.Server
	draining chan struct{} // closed when health turns to NOT_SERVING
	leaving  chan struct{} // closed when what watches health must end
	drain    sync.Once
	leave    sync.Once

	reading   reading
	exchanges sync.Pool // of *exchange
	stats     edge.Stats
	shared    *edge.Stats // stats, unless other listeners share limits
}

// New returns a server that is ready to Serve. ready says whether a model is loaded and
// warm; health asks it.
func New(cfg Config, ranker edge.Ranker, ready func() bool, log *slog.Logger) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, ranker: ranker, ready: ready, log: log,
		draining: make(chan struct{}), leaving: make(chan struct{}), shared: cfg.Shared,
	}
	if s.shared == nil {
		s.shared = &s.stats
	}
	s.reading = newReading(cfg.Limits)
	s.exchanges.New = func() any { return new(exchange) }
	s.grpc = grpc.NewServer(s.options()...)
	s.grpc.RegisterService(&grpc.ServiceDesc{
		ServiceName: rankingName, HandlerType: (*any)(nil), Metadata: "rankgate/v1/ranking.proto",
		Streams: []grpc.StreamDesc{s.method("Rank", s.rank)},
	}, s)
	if cfg.Inference != nil {
		s.grpc.RegisterService(s.inferenceService(), s)
	}
	s.grpc.RegisterService(health{server: s}.service(), s)
	if err := s.registerReflection(); err != nil {
		return nil, fmt.Errorf("rpc: reflection: %w", err)
	}
	return s, nil
}

const rankingName = "rankgate.v1.Ranking"

// maxStreams is how many calls one connection may have open at a time; gRPC's clients
// wait with more.
const maxStreams = 1024

// window is how many bytes of a message a peer may send before anyone reads it. It is
// fixed, because a window that gRPC sizes by itself may grow to 16 MiB.
const window = 256 << 10

// pingEvery is how often a client may ask whether the server is there. Those that ask
// more often are cut off.
const pingEvery = 5 * time.Second

func (s *Server) options() []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{messages: encoding.GetCodecV2("proto")}),
		grpc.MaxRecvMsgSize(s.cfg.Limits.Body),
		grpc.MaxHeaderListSize(uint32(s.cfg.Limits.Header)),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(4 * window),
		grpc.ConnectionTimeout(s.cfg.Timeouts.Read),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: s.cfg.Timeouts.Idle, Time: s.cfg.Timeouts.Idle, Timeout: s.cfg.Timeouts.Write,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingEvery, PermitWithoutStream: true}),
		grpc.InTapHandle(s.arrive),
		grpc.StreamInterceptor(s.guard),
		grpc.UnknownServiceHandler(s.unknown),
		grpc.WaitForHandlers(true),
	}
	if s.cfg.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.cfg.TLS)))
	}
	return options
}

// Serve answers calls from ln until Drain or Shutdown, and closes ln. It returns nil
// after either of them.
func (s *Server) Serve(ln net.Listener) error {
	return s.grpc.Serve(&listener{Listener: ln, server: s})
}

// Stats returns the server's counters, which go on counting. Those that are shared are
// where Config.Shared says. Answered counts every message that got an answer, but for
// those of grpc.health.v1.
func (s *Server) Stats() *edge.Stats { return &s.stats }
