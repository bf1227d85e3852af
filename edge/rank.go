package edge

import (
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// rank answers a POST to /rank.
func (s *Server) rank(ctx *fasthttp.RequestCtx, c *conn, model []byte) {
	echoRequestID(ctx)
	x := s.exchanges.Get().(*exchange)
	if r := s.work(ctx, c, x, model); r != nil {
		s.refuse(ctx, r)
	} else {
		s.answer(ctx, x)
	}
	if c.left.Load() {
		s.stats.Gone.Add(1)
	}
	// Not deferred: after a panic, what the Ranker started may still hold x.
	x.reset()
	s.exchanges.Put(x)
}

// echoRequestID gives the caller's name for the request back.
func echoRequestID(ctx *fasthttp.RequestCtx) {
	if id := ctx.Request.Header.Peek("X-Request-Id"); len(id) > 0 {
		ctx.Response.Header.SetCanonical(headerRequestID, id)
	}
}

// work takes a request up to its answer in x.res.
func (s *Server) work(ctx *fasthttp.RequestCtx, c *conn, x *exchange, model []byte) *refusal {
	if r := checkType(&ctx.Request.Header); r != nil {
		return r
	}
	defer s.release(&x.intake)
	if r := s.read(ctx, c, &x.intake); r != nil {
		return r
	}
	if r := s.admit(); r != nil {
		return r
	}
	defer s.stats.InFlight.Add(-1)

	if r := s.inflate(ctx.Request.Header.Peek("Content-Encoding"), &x.intake); r != nil {
		return r
	}
	asked, bad := x.decoder.decode(x.body, s.cfg.Limits, &x.req)
	if bad != nil {
		return refused(bad)
	}
	if r := s.settle(&ctx.Request.Header, x, asked, c.first); r != nil {
		return r
	}
	x.req.Model, x.req.Gone = x.own(model), c.gone
	err := s.ranker.Rank(&x.req, &x.res)
	x.line = appendTiming(x.line[:0], &x.res.Stages)
	ctx.Response.Header.SetCanonical(headerTiming, x.line)
	return s.failed(err)
}

// admit counts a request as in flight, unless there are as many as may be.
func (s *Server) admit() *refusal {
	if s.stats.InFlight.Add(1) > int64(s.cfg.Limits.InFlight) {
		s.stats.InFlight.Add(-1)
		return &s.refusals.inFlight
	}
	return nil
}

// answer writes x.res.
func (s *Server) answer(ctx *fasthttp.RequestCtx, x *exchange) {
	s.stats.Answered.Add(1)
	header := &ctx.Response.Header
	header.SetContentType(contentJSON)
	x.line = append(x.line[:0], x.res.Version...)
	header.SetCanonical(headerVersion, x.line)
	x.line = append(x.line[:0], x.res.Variant...)
	header.SetCanonical(headerVariant, x.line)
	out := appendResult(x.out, &x.req, &x.res, time.Since(x.req.Start))
	if cap(out) > keepBytes {
		ctx.Response.SetBodyRaw(out) // fasthttp lets go of it once it is written
		x.out = nil
		return
	}
	x.out = ctx.Response.SwapBody(out)
}

var (
	headerVersion = []byte("X-Rankgate-Version")
	headerVariant = []byte("X-Rankgate-Variant")
	headerTiming  = []byte("Server-Timing")

	headerRequestID = []byte("X-Request-Id")
)

// failed turns what the Ranker or the Service returned into a refusal, nil if it succeeded.
func (s *Server) failed(err error) *refusal {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*rank.Error](err); ok {
		return refused(known)
	}
	s.log.Error("a request failed", "error", err) // it may hold what callers must not see
	return &s.refusals.unexpected
}
