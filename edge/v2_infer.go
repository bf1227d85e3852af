package edge

import (
	"context"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

// inference is all the memory of one call of a model. It goes back to its pool once
// nobody may read the message any more: that may be after the answer, for an attempt
// that lost against another still holds it.
type inference struct {
	intake  // whose bytes message's tensors are views of
	message *oip.Message
	line    []byte // one response header
	out     []byte // the response's body
}

// What a pooled inference keeps at most: tensors, or outputs that are asked for.
const keepTensors = 1 << 10

func (s *Server) newInference() any {
	x := new(inference)
	x.message = oip.NewMessage(func(*oip.Message) {
		s.release(&x.intake)
		x.reset()
		s.inferences.Put(x)
	})
	return x
}

// reset makes x ready for the next call.
func (x *inference) reset() {
	m := x.message
	m.Reuse()
	m.Inputs = keep(m.Inputs, keepTensors)
	m.Outputs = keep(m.Outputs, keepTensors)
	m.Parameters = keep(m.Parameters, keepTensors)
	x.intake.reset()
	x.out = keep(x.out, keepBytes)
}

// infer answers /v2/models/M/infer.
func (s *Server) infer(ctx *fasthttp.RequestCtx, c *conn, t target) {
	x := s.inferences.Get().(*inference)
	defer x.message.Release() // also after a panic: whoever may still read it has a reference
	if r := s.inferInto(ctx, c, x, t); r != nil {
		s.refuse(ctx, r)
	}
	if c.left.Load() {
		s.stats.Gone.Add(1)
	}
}

// inferInto answers with the memory of x.
func (s *Server) inferInto(ctx *fasthttp.RequestCtx, c *conn, x *inference, t target) *refusal {
	if r := s.read(ctx, c, &x.intake); r != nil {
		return r
	}
	if r := s.admit(); r != nil {
		return r
	}
	defer s.stats.InFlight.Add(-1)

	header := &ctx.Request.Header
	if r := s.inflate(header.Peek("Content-Encoding"), &x.intake); r != nil {
		return r
	}
	budget, r := s.compose(header, x, t)
	if r != nil {
		return r
	}
	x.message.Gone = c.gone
	within, cancel := context.WithDeadline(context.Background(), c.first.Add(budget))
	defer cancel()
	if within.Err() != nil {
		return refused(rank.Errorf(rank.DeadlineExceeded, "the budget of %v was over when the request had been read", budget))
	}
	reply, err := s.cfg.Inference.Infer(within, x.message)
	if err != nil {
		return s.failedV2(within, err)
	}
	defer reply.Release()
	return s.answerInference(ctx, x, reply)
}

// compose reads the message out of the body and the headers, and returns its budget.
func (s *Server) compose(header *fasthttp.RequestHeader, x *inference, t target) (time.Duration, *refusal) {
	m := x.message
	m.Model, m.Version = x.own(t.model), x.own(t.version)
	length, r := jsonLength(header)
	if r != nil {
		return 0, r
	}
	if err := oip.DecodeRequest(x.body, length, &m.Request); err != nil {
		return 0, s.failed(err)
	}
	budget, bad := AskedBudget(header.Peek)
	if bad != nil {
		return 0, refused(bad)
	}
	if m.Timeout > 0 && (budget == 0 || m.Timeout < budget) {
		budget = m.Timeout
	}
	if budget == 0 || budget > s.cfg.Budget.Max {
		budget = s.cfg.Budget.Max
	}
	if m.Canary, m.Class, bad = Standing(header.Peek); bad != nil {
		return 0, refused(bad)
	}
	m.User = x.own(header.Peek("X-User-Id"))
	x.forward(header)
	return budget, nil
}

// jsonLength reads how much of the body is JSON.
func jsonLength(header *fasthttp.RequestHeader) (int, *refusal) {
	text := header.PeekBytes(headerJSONLength)
	if len(text) == 0 {
		return oip.NoHeaderLength, nil
	}
	n, err := fasthttp.ParseUint(text)
	if err != nil {
		return 0, invalid("%s: %s: must be a number of bytes", oip.HeaderLength, Brief(string(text)))
	}
	return n, nil
}

// answerInference writes a reply as the request asks for it.
func (s *Server) answerInference(ctx *fasthttp.RequestCtx, x *inference, reply *oip.Reply) *refusal {
	reply.ID = x.message.ID
	out, length, err := oip.AppendResponse(x.out, &reply.Response, &x.message.Request)
	if err != nil {
		x.out = out[:0]
		return s.failed(err)
	}
	s.stats.Answered.Add(1)
	header := &ctx.Response.Header
	header.SetContentType(contentJSON)
	if length != oip.NoHeaderLength {
		header.SetContentType("application/octet-stream")
		x.line = strconv.AppendInt(x.line[:0], int64(length), 10)
		header.SetCanonical(headerJSONLength, x.line)
	}
	if cap(out) > keepBytes {
		ctx.Response.SetBodyRaw(out) // fasthttp lets go of it once it is written
		x.out = nil
		return nil
	}
	x.out = ctx.Response.SwapBody(out)
	return nil
}
