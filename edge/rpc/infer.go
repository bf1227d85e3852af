package rpc

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// infer answers ModelInfer.
func (s *Server) infer(c *call) (*[]byte, error) {
	reply, _, err := s.inferOnce(c)
	if err != nil {
		return nil, err
	}
	defer reply.Release()
	out := memories.Get(replySize(reply))
	*out, err = oip.AppendResponseProto((*out)[:0], &reply.Response)
	return out, err
}

// inferOnce answers the ModelInferRequest that c is. final says that its caller wants to
// be told which answer is the last.
func (s *Server) inferOnce(c *call) (reply *oip.Reply, final bool, err error) {
	c.buffer.Ref()
	m := oip.NewMessage(func(*oip.Message) { c.buffer.Free() })
	defer m.Release()
	if err := oip.DecodeRequestProto(c.message, &m.Request); err != nil {
		return nil, false, err
	}
	m.Parameters = slices.DeleteFunc(m.Parameters, func(p oip.Parameter) bool {
		final = final || p.Name == finalAnswer && p.Value == true
		return p.Name == finalAnswer // Triton takes it with a stream only
	})
	var bad *rank.Error
	if m.Canary, m.Class, bad = edge.Standing(c.header); bad != nil {
		return nil, false, bad
	}
	m.User, m.Gone = string(c.header("X-User-Id")), c.gone
	for _, name := range edge.Forwarded {
		if value := c.header(name); len(value) > 0 && len(value) <= edge.MaxForwarded {
			m.Headers = append(m.Headers, oip.Header{Name: name, Value: string(value)})
		}
	}
	deadline, bad := s.deadline(c, 0, s.cfg.Budget.Max)
	if bad != nil {
		return nil, false, bad
	}
	if queued := c.start.Add(m.Timeout); m.Timeout > 0 && queued.Before(deadline) {
		deadline = queued
	}
	ctx, cancel := context.WithDeadline(c.ctx, deadline)
	defer cancel()
	if reply, err = s.cfg.Inference.Infer(ctx, m); err == nil {
		reply.ID = strings.Clone(m.ID)
	}
	return reply, final, err
}

// replySize returns about how long the answer is.
func replySize(reply *oip.Reply) int {
	size := 256
	for i := range reply.Outputs {
		size += len(reply.Outputs[i].Raw) + 128
	}
	return size
}

// A stream's caller asks with finalAnswer to be told, with isFinal, which answer of a
// request is its last: here every request has one answer.
const (
	finalAnswer = "triton_enable_empty_final_response"
	isFinal     = "triton_final_response"
)

// streamInfer answers ModelStreamInfer: one answer to each message, in their order. One
// that can't be answered gets the words of its error, and the stream goes on.
func (s *Server) streamInfer(_ any, stream grpc.ServerStream) error {
	for first := true; ; first = false {
		out, err := s.receive(stream, func(c *call) (*[]byte, error) {
			if first { // which the stream itself has paid for
				return s.streamed(c)
			}
			return s.anotherStreamed(c)
		})
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := stream.SendMsg(out); err != nil {
			return err
		}
	}
}

// anotherStreamed answers a message that is as much of a request as a call of its own. A
// key that asks too often is told so, one that is not known any more ends the stream.
func (s *Server) anotherStreamed(c *call) (*[]byte, error) {
	v := s.check(c.ctx)
	switch {
	case v.Refused == nil:
		return s.streamed(c)
	case v.Refused.Code == rank.Overloaded:
		return s.words(v.Refused), nil
	default:
		return nil, v.Refused
	}
}

// words is the ModelStreamInferResponse of a message that is not answered.
func (s *Server) words(err error) *[]byte {
	out := memories.Get(256)
	*out = protofield.AppendText((*out)[:0], 1, status.Convert(s.refuse(err)).Message())
	return out
}

// streamed makes a ModelStreamInferResponse.
func (s *Server) streamed(c *call) (*[]byte, error) {
	c.start = time.Now()
	reply, final, err := s.inferOnce(c)
	if c.ctx.Err() != nil {
		if reply != nil {
			reply.Release()
		}
		return nil, c.ctx.Err()
	}
	if err != nil {
		return s.words(err), nil
	}
	out := memories.Get(256)
	defer reply.Release()
	if final {
		reply.Parameters = append(reply.Parameters, oip.Parameter{Name: isFinal, Value: true})
	}
	*out = protofield.AppendNested((*out)[:0], 2, func(dst []byte) []byte {
		dst, err = oip.AppendResponseProto(dst, &reply.Response)
		return dst
	})
	if err != nil {
		mem.NewBuffer(out, memories).Free()
	}
	return out, err
}
