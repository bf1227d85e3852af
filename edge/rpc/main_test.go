package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/edge/rpc/rankgatev1"
	"github.com/rankgate/rankgate/edge/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// descending gives candidates back in the order in which they came.
var descending edge.RankerFunc = wiretest.Descending

func warm() bool { return true }

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// settings is a configuration as the file's defaults make it.
func settings() Config { return Config{Config: edge.DefaultConfig()} }

// served is a server that is reached over a socket, or in memory.
type served struct {
	*Server
	address string
	memory  *bufconn.Listener // nil if it is reached over a socket
	ended   chan error        // what Serve has returned
}

// start serves until the test ends.
func start(t testing.TB, cfg Config, ranker edge.RankerFunc) served {
	t.Helper()
	return startWhen(t, cfg, ranker, warm)
}

func startWhen(t testing.TB, cfg Config, ranker edge.RankerFunc, ready func() bool) served {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, ln, cfg, ranker, ready)
}

// startInMemory serves without sockets, on which fake time can't wait.
func startInMemory(t testing.TB, cfg Config, ranker edge.RankerFunc) served {
	t.Helper()
	ln := bufconn.Listen(64 << 10)
	s := startOn(t, ln, cfg, ranker, warm)
	s.memory = ln
	return s
}

func startOn(t testing.TB, ln net.Listener, cfg Config, ranker edge.RankerFunc, ready func() bool) served {
	t.Helper()
	s, err := New(cfg, ranker, ready, silent())
	if err != nil {
		t.Fatal(err)
	}
	r := served{Server: s, address: ln.Addr().String(), ended: make(chan error, 1)}
	go func() { r.ended <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
		if err := <-r.ended; err != nil {
			t.Errorf("Serve() = %v; want nil", err)
		}
		if held, flying := s.shared.BodiesHeld.Load(), s.shared.InFlight.Load(); held != 0 || flying != 0 {
			t.Errorf("at the end %d bytes are held and %d calls in flight; want none", held, flying)
		}
	})
	return r
}

// dial returns a connection that closes before the server does.
func (s served) dial(t testing.TB, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	options = append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy()}, options...)
	if s.memory != nil {
		options = append(options, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.memory.DialContext(ctx) }))
	}
	conn, err := grpc.NewClient("passthrough:///"+s.address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ranking returns a client.
func (s served) ranking(t testing.TB) rankgatev1.RankingClient {
	t.Helper()
	return rankgatev1.NewRankingClient(s.dial(t))
}

// with returns a context with metadata: name, value, name, value.
func with(t testing.TB, pairs ...string) context.Context {
	t.Helper()
	return metadata.AppendToOutgoingContext(t.Context(), pairs...)
}

// request asks for a user and items.
func request(items ...string) *rankgatev1.RankRequest {
	r := &rankgatev1.RankRequest{User: "42"}
	for _, id := range items {
		r.Items = append(r.Items, &rankgatev1.Item{Id: id})
	}
	return r
}

// refused checks that a call failed with a code and a message.
func refused(t testing.TB, what string, err error, code codes.Code, message string) {
	t.Helper()
	if s := status.Convert(err); s.Code() != code || s.Message() != message {
		t.Errorf("%s:\n got %v %q\nwant %v %q", what, s.Code(), s.Message(), code, message)
	}
}

var errBroken = errors.New("a secret")

// forceFrames makes a client send and get bytes.
var forceFrames = grpc.ForceCodecV2(oip.Codec{})

func frame(message []byte) *oip.Frame {
	return &oip.Frame{Data: mem.BufferSlice{mem.SliceBuffer(message)}}
}

// await waits for what happens in its own time.
func await(happened func() bool) {
	for !happened() {
		runtime.Gosched()
	}
}
