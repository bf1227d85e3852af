package rpc

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/tap"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// call is a message that is being answered.
type call struct {
	arrival

	ctx     context.Context //nolint:containedctx // a call is what a context is of
	buffer  mem.Buffer      // of which message is a view
	message []byte
}

// arrival is when a call came, and the deadline that it brought; zero is none.
type arrival struct {
	start, deadline time.Time

	patience *time.Timer // ends the call unless its message arrives; nil if it may have many
}

// arrivalKey is that of a context's *arrival.
type arrivalKey struct{}

// arrive sees a call before any of its messages. No call with one message may take
// longer than reading it, ranking and writing the answer may take, so that a peer which
// sends or reads slowly lets go some time.
func (s *Server) arrive(ctx context.Context, info *tap.Info) (context.Context, error) {
	a := &arrival{start: time.Now()}
	if deadline, ok := ctx.Deadline(); ok {
		a.deadline = deadline
	}
	ctx = context.WithValue(ctx, arrivalKey{}, a)
	if !isStream(info.FullMethodName) {
		most := s.cfg.Timeouts.Read + s.cfg.Budget.Max + s.cfg.Timeouts.Write
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, most) //nolint:gosec // as the next line says
		_ = cancel                                   // gRPC ends the context that this one is made of with the call
	}
	if hasManyMessages(info.FullMethodName) {
		return ctx, nil
	}
	read := s.cfg.Timeouts.Read
	if isHealth(info.FullMethodName) {
		read = min(read, healthPatience)
	}
	ctx, end := context.WithCancelCause(ctx)
	a.patience = time.AfterFunc(read, func() { end(context.DeadlineExceeded) })
	return patient{ctx}, nil
}

// patient is a context whose end for want of a message is one of a deadline: gRPC tells
// the caller so before the handler can.
type patient struct{ context.Context } //nolint:containedctx // it is one

// Err implements context.Context.
func (p patient) Err() error {
	if cause := context.Cause(p.Context); errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return p.Context.Err()
}

// hasManyMessages reports whether a method's caller may send as many as it likes.
func hasManyMessages(method string) bool { return isStream(method) && method != healthWatch }

// isStream reports whether a method's call may go on for ever.
func isStream(method string) bool {
	return strings.HasPrefix(method, "/grpc.reflection.") || method == healthWatch || method == modelStreamInfer
}

// isHealth reports whether a method asks for health, which needs no key.
func isHealth(method string) bool {
	return strings.HasPrefix(method, healthPrefix) || method == inferencePrefix+"ServerLive" || method == inferencePrefix+"ServerReady"
}

const (
	healthPrefix     = "/grpc.health.v1.Health/"
	healthWatch      = healthPrefix + "Watch"
	inferencePrefix  = "/" + oip.ServiceName + "/"
	modelStreamInfer = inferencePrefix + "ModelStreamInfer"
)

// guard lets a call through that may be made, and turns a panic into its end.
func (s *Server) guard(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer s.recovered(info.FullMethod, &err)
	if a := stream.Context().Value(arrivalKey{}).(*arrival); a.patience != nil {
		defer a.patience.Stop() // if no message is read
	}
	if isHealth(info.FullMethod) {
		return handler(srv, gated{stream, s.reading.health})
	}
	if err := s.authorize(stream); err != nil {
		return err
	}
	if !isStream(info.FullMethod) {
		return handler(srv, gated{stream, s.reading.messages})
	}
	if !s.reading.streams.enter() {
		return s.refuse(s.errStreams())
	}
	defer s.reading.streams.leave()
	return handler(srv, endless{stream, s})
}

func (s *Server) authorize(stream grpc.ServerStream) error {
	v := s.check(stream.Context())
	if v.Refused == nil {
		return nil
	}
	if v.Refused.Code == rank.Overloaded {
		stream.SetTrailer(metadata.Pairs(pushback, millisUp(v.After)))
	}
	return s.refuse(v.Refused)
}

// check says whether who makes a call may ask now, and counts it against the key.
func (s *Server) check(ctx context.Context) edge.Verdict {
	if s.cfg.Keys == nil {
		return edge.Verdict{}
	}
	v := s.cfg.Keys.Check(edge.Credential(header(ctx, "authorization"), header(ctx, "x-api-key")), time.Now())
	if v.Refused != nil && v.Refused.Code == rank.Overloaded {
		s.stats.Limited.Add(1)
	}
	return v
}

// recovered turns a panic into an error for the caller. The log gets no more of the
// request than its method.
func (s *Server) recovered(method string, err *error) {
	reason := recover()
	if reason == nil {
		return
	}
	s.stats.Panics.Add(1)
	s.stats.Refused[rank.Unavailable].Add(1)
	s.log.Error("panic while answering a call", "method", method, "reason", reason, "stack", string(debug.Stack()))
	*err = errPanicked
}

// answerer answers a call with memory of memories, which gRPC gives back.
type answerer func(c *call) (*[]byte, error)

// method makes a method of what answers a message with one. On the wire there is no
// difference, but to gRPC it is a stream of answers: of any other method the message is
// read before guard can refuse the caller.
func (s *Server) method(name string, answer answerer) grpc.StreamDesc {
	return grpc.StreamDesc{StreamName: name, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
		out, err := s.receive(stream, answer)
		if err != nil {
			return err
		}
		return stream.SendMsg(out)
	}}
}

// receive reads a message and has it answered.
func (s *Server) receive(stream grpc.ServerStream, answer answerer) (*oip.Frame, error) {
	var in oip.Frame
	if err := stream.RecvMsg(&in); err != nil {
		if !errors.Is(err, errLeaving) {
			in.Data.Free()
		}
		return nil, err
	}
	buffer := in.Data.MaterializeToBuffer(memories)
	in.Data.Free()
	defer buffer.Free()
	ctx := stream.Context()
	c := &call{ctx: ctx, arrival: *ctx.Value(arrivalKey{}).(*arrival), buffer: buffer, message: buffer.ReadOnlyData()}
	out, err := s.work(c, answer)
	if ctx.Err() != nil {
		s.stats.Gone.Add(1)
	}
	if err != nil {
		return nil, s.refuse(err)
	}
	s.stats.Answered.Add(1)
	return &oip.Frame{Data: mem.BufferSlice{mem.NewBuffer(out, memories)}}, nil
}

// memories is where messages come from and go to.
var memories = mem.DefaultBufferPool()

// work answers a call within the limits that all calls share. Health has none.
func (s *Server) work(c *call, answer answerer) (*[]byte, error) {
	if method, _ := grpc.Method(c.ctx); isHealth(method) {
		return answer(c)
	}
	size := int64(len(c.message))
	s.stats.BodyBytes.Add(uint64(size))
	defer s.shared.BodiesHeld.Add(-size)
	if s.shared.BodiesHeld.Add(size) > int64(s.cfg.Limits.Bodies) {
		return nil, rank.Errorf(rank.Overloaded,
			"messages: more than %d bytes of all requests together (limits.bodies)", s.cfg.Limits.Bodies)
	}
	defer s.shared.InFlight.Add(-1)
	if s.shared.InFlight.Add(1) > int64(s.cfg.Limits.InFlight) {
		return nil, rank.Errorf(rank.Overloaded, "more than %d requests in flight (limits.in_flight)", s.cfg.Limits.InFlight)
	}
	return answer(c)
}

// gone reports whether the caller has left, or will not wait any longer.
func (c *call) gone() bool { return c.ctx.Err() != nil }

// header returns the first value of a name in a call's metadata, nil if it has none.
func header(ctx context.Context, name string) []byte {
	if values := metadata.ValueFromIncomingContext(ctx, name); len(values) > 0 {
		return []byte(values[0])
	}
	return nil
}

func (c *call) header(name string) []byte { return header(c.ctx, name) }
