package oiptest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/oip"
)

func newGRPC(s *Server) *grpc.Server {
	transport := insecure.NewCredentials()
	if s.cfg.TLS != nil {
		transport = credentials.NewTLS(s.cfg.TLS)
	}
	server := grpc.NewServer(
		grpc.Creds(transport),
		grpc.ForceServerCodecV2(oip.Codec{}),
		grpc.MaxRecvMsgSize(64<<20),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	server.RegisterService(&grpc.ServiceDesc{ServiceName: oip.ServiceName, HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{
		s.method("ServerLive", func(context.Context, []byte) ([]byte, error) { return yes, nil }),
		s.method("ServerReady", s.grpcReady),
		s.method("ModelReady", s.grpcReady),
		s.method("ModelMetadata", s.grpcMetadata),
		s.method("ModelInfer", s.grpcInfer),
	}}, s)
	return server
}

// yes is a message whose first field is true.
var yes = protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)

// method makes a method of what turns bytes into bytes.
func (s *Server) method(name string, handle func(context.Context, []byte) ([]byte, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(
		_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
	) (any, error) {
		var in oip.Frame
		if err := decode(&in); err != nil {
			return nil, err
		}
		defer in.Data.Free()
		if s.faults.Load().BlackHole {
			s.failed.Add(1)
			if name == "ModelInfer" {
				s.swallowed.Add(1)
			}
			select {
			case <-ctx.Done():
				return nil, status.FromContextError(ctx.Err()).Err()
			case <-s.closed:
				return nil, status.Error(codes.Unavailable, "closing")
			}
		}
		out, err := handle(ctx, in.Data.Materialize())
		if err != nil {
			return nil, err
		}
		return &oip.Frame{Data: mem.BufferSlice{mem.SliceBuffer(out)}}, nil
	}}
}

func (s *Server) grpcReady(_ context.Context, request []byte) ([]byte, error) {
	s.probes.Add(1)
	if name := firstText(request); name != "" && name != s.cfg.Model {
		return nil, status.Errorf(codes.NotFound, "Request for unknown model: '%s' is not found", name)
	}
	if f := s.faults.Load(); f.NotReady || f.Status == http.StatusServiceUnavailable {
		return nil, nil // false
	}
	return yes, nil
}

// firstText returns a message's first field if it is a text.
func firstText(message []byte) string {
	number, typ, n := protowire.ConsumeTag(message)
	if n < 0 || number != 1 || typ != protowire.BytesType {
		return ""
	}
	text, _ := protowire.ConsumeString(message[n:])
	return text
}

func (s *Server) grpcMetadata(_ context.Context, request []byte) ([]byte, error) {
	if name := firstText(request); name != s.cfg.Model {
		return nil, status.Errorf(codes.NotFound, "Request for unknown model: '%s' is not found", name)
	}
	b := appendString(nil, 1, s.cfg.Model)
	b = appendString(b, 2, s.cfg.Version)
	b = appendString(b, 3, "linear")
	for i := range s.cfg.Inputs {
		b = appendString(b, 4, tensorMessage(&s.cfg.Inputs[i]))
	}
	return appendString(b, 5, tensorMessage(&oip.Tensor{Name: s.cfg.Output, Type: oip.FP32, Shape: []int64{-1}})), nil
}

func tensorMessage(t *oip.Tensor) string {
	b := appendString(appendString(nil, 1, t.Name), 2, t.Type.String())
	for _, d := range t.Shape {
		b = protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), uint64(d))
	}
	return string(b)
}

func appendString(b []byte, number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), s)
}

func (s *Server) grpcInfer(ctx context.Context, request []byte) ([]byte, error) {
	deadline, _ := ctx.Deadline()
	s.arrive(time.Now(), deadline)
	e := exchanges.Get().(*exchange)
	defer exchanges.Put(e)
	if err := oip.DecodeRequestProto(request, &e.request); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if e.request.Model != s.cfg.Model || e.request.Version != "" && e.request.Version != s.cfg.Version {
		return nil, status.Errorf(codes.NotFound, "Request for unknown model: '%s' is not found", e.request.Model)
	}
	if r := s.score(e, deadline, func() bool { return ctx.Err() != nil }); r != nil {
		return nil, status.Error(grpcCode(r.status), r.words)
	}
	answer, err := oip.AppendResponseProto(nil, &e.response)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	f := s.faults.Load()
	if f.Reset {
		if p, ok := peer.FromContext(ctx); ok {
			s.conns.abort(p.Addr.String())
		}
	}
	if f.Truncate || f.Reset {
		s.failed.Add(1)
		answer = answer[:len(answer)/2]
	}
	return answer, nil
}

func grpcCode(statusCode int) codes.Code {
	switch statusCode {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusNotFound:
		return codes.NotFound
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusGatewayTimeout:
		return codes.DeadlineExceeded
	case http.StatusInternalServerError:
		return codes.Internal
	case statusGone:
		return codes.Canceled
	default:
		return codes.Unavailable
	}
}

// connections are those of a listener, by the address of the other side.
type connections struct {
	mu   sync.Mutex
	open map[string]net.Conn // guarded by mu
}

// listen returns a listener whose connections are known.
func (c *connections) listen(l net.Listener) net.Listener { return &listener{l, c} }

type listener struct {
	net.Listener
	conns *connections
}

func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.conns.mu.Lock()
	defer l.conns.mu.Unlock()
	if l.conns.open == nil {
		l.conns.open = make(map[string]net.Conn)
	}
	l.conns.open[nc.RemoteAddr().String()] = nc
	return &known{nc, l.conns}, nil
}

// known is a connection that is forgotten when it is closed.
type known struct {
	net.Conn
	conns *connections
}

func (k *known) Close() error {
	k.conns.mu.Lock()
	defer k.conns.mu.Unlock()
	delete(k.conns.open, k.RemoteAddr().String())
	return k.Conn.Close()
}

// abort resets the connection from an address.
func (c *connections) abort(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if nc := c.open[address]; nc != nil {
		abort(nc)
	}
}
