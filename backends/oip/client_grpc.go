package oip

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"

	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/rank"
)

// ServiceName is the protocol's gRPC service.
const ServiceName = "inference.GRPCInferenceService"

// grpcClient speaks gRPC to one server, all calls over one connection.
type grpcClient struct {
	peer
	cfg  Config
	conn *grpc.ClientConn
}

// DialGRPC returns a client for the server at address, host:port. It connects when it
// is first used.
func DialGRPC(address string, cfg Config) (Client, error) {
	cfg = cfg.of(address)
	transport, authority := insecure.NewCredentials(), cfg.Authority
	if cfg.TLS != nil {
		transport, authority = credentials.NewTLS(cfg.TLS), cfg.TLS.ServerName // gRPC lets them be no different
	}
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(transport),
		grpc.WithAuthority(authority),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(Codec{}), grpc.MaxCallRecvMsgSize(cfg.MaxResponse)),
		grpc.WithMaxHeaderListSize(uint32(cfg.MaxHeader)),
		grpc.WithConnectParams(connectParams(cfg)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: cfg.IdleTimeout, Timeout: cfg.ConnectTimeout}),
		grpc.WithIdleTimeout(0), // a connection is wanted when the next request comes
		grpc.WithDisableRetry(), // a second attempt is the pool's to make, within its budget
		grpc.WithDisableServiceConfig(),
		grpc.WithNoProxy(),
	)
	if err != nil {
		return nil, fmt.Errorf("pool %s: %s: %w", cfg.Pool, address, err)
	}
	return &grpcClient{peer: peer{cfg.Pool, address}, cfg: cfg, conn: conn}, nil
}

func connectParams(cfg Config) grpc.ConnectParams {
	waits := backoff.DefaultConfig
	waits.MaxDelay = 3 * time.Second
	return grpc.ConnectParams{Backoff: waits, MinConnectTimeout: cfg.ConnectTimeout}
}

func (c *grpcClient) Close() error { return c.conn.Close() }

func (c *grpcClient) Infer(ctx context.Context, m *Message) (*Reply, error) {
	r := m.outgoing(left(ctx))
	inputs, err := m.binaryInputs()
	if err != nil {
		return nil, err
	}
	r.Inputs = inputs
	if len(m.Headers) > 0 {
		pairs := make([]string, 0, 2*len(m.Headers))
		for _, h := range m.Headers {
			pairs = append(pairs, h.Name, h.Value)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, pairs...)
	}
	out, err := frame(&r)
	if err != nil {
		return nil, err
	}
	in := Frame{}
	if err := c.conn.Invoke(ctx, "/"+ServiceName+"/ModelInfer", &Frame{Data: out}, &in); err != nil {
		return nil, c.refused(ctx, err, c.cfg.MaxResponse)
	}
	reply := replies.Get().(*Reply)
	reply.buffer = in.Data.MaterializeToBuffer(mem.DefaultBufferPool())
	in.Data.Free()
	if err := DecodeResponseProto(reply.buffer.ReadOnlyData(), &reply.Response); err != nil {
		err = c.errorf(rank.Unavailable, "unreadable answer: %v", err)
		reply.Release()
		return nil, err
	}
	return reply, nil
}

// frame writes a request into memory that gRPC gives back once it has sent it, which
// may be after the call has ended: a loser's bytes may still wait for the socket.
func frame(r *Request) (mem.BufferSlice, error) {
	size := 1 << 10
	for i := range r.Inputs {
		size += len(r.Inputs[i].Raw) + 256
	}
	memory := mem.DefaultBufferPool().Get(size)
	var err error
	*memory, err = AppendRequestProto((*memory)[:0], r)
	return mem.BufferSlice{mem.NewBuffer(memory, mem.DefaultBufferPool())}, err
}

func (c *grpcClient) Ready(ctx context.Context, model, version string) error {
	method, request := "ServerReady", []byte(nil)
	if model != "" {
		method, request = "ModelReady", modelRequest(model, version)
	}
	answer, err := c.ask(ctx, method, request)
	if err != nil {
		return err
	}
	ready := false
	err = eachField(answer, func(f *field) error {
		ready = ready || f.Number == 1 && f.Bits == 1
		return nil
	})
	switch {
	case err != nil:
		return c.errorf(rank.Unavailable, "%s: %v", method, err)
	case !ready:
		return c.errorf(rank.Unavailable, "%s: not ready", method)
	}
	return nil
}

func (c *grpcClient) Metadata(ctx context.Context, model, version string) (*Metadata, error) {
	answer, err := c.ask(ctx, "ModelMetadata", modelRequest(model, version))
	if err != nil {
		return nil, err
	}
	m, err := decodeMetadata(answer)
	if err != nil {
		return nil, c.errorf(rank.Unavailable, "ModelMetadata: %v", err)
	}
	return m, nil
}

// ask makes a small call and returns its answer.
func (c *grpcClient) ask(ctx context.Context, method string, request []byte) ([]byte, error) {
	var in Frame
	if err := c.conn.Invoke(ctx, "/"+ServiceName+"/"+method, &Frame{Data: mem.BufferSlice{mem.SliceBuffer(request)}}, &in); err != nil {
		return nil, c.refused(ctx, err, c.cfg.MaxResponse)
	}
	defer in.Data.Free()
	return in.Data.Materialize(), nil
}

// modelRequest is a message that names a model: ModelReadyRequest, ModelMetadataRequest.
func modelRequest(model, version string) []byte {
	return protofield.AppendText(protofield.AppendText(nil, 1, model), 2, version)
}
