package edge

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// statuses is the one table from codes to HTTP statuses. A refusal that HTTP
// has a more exact status for (405, 408, 415, 431, and 404 for a path) names
// that itself.
var statuses = [rank.NumCodes]int{
	rank.InvalidRequest:   fasthttp.StatusBadRequest,
	rank.Unauthorized:     fasthttp.StatusUnauthorized,
	rank.UnknownModel:     fasthttp.StatusNotFound,
	rank.TooLarge:         fasthttp.StatusRequestEntityTooLarge,
	rank.Overloaded:       fasthttp.StatusTooManyRequests,
	rank.Unavailable:      fasthttp.StatusServiceUnavailable,
	rank.DeadlineExceeded: fasthttp.StatusGatewayTimeout,
}

// refusal is an answer that is an error.
type refusal struct {
	status  int
	code    rank.Code
	message string
	after   time.Duration // when to come back, if the code is Overloaded; 0 means soon
}

func refused(err *rank.Error) *refusal {
	return &refusal{status: statuses[err.Code], code: err.Code, message: err.Message}
}

// refusef is a refusal with a status that no code has.
func refusef(status int, format string, args ...any) *refusal {
	return &refusal{status: status, code: rank.InvalidRequest, message: fmt.Sprintf(format, args...)}
}

// invalid is a 400.
func invalid(format string, args ...any) *refusal {
	return refused(rank.Errorf(rank.InvalidRequest, format, args...))
}

// refusals holds those that never differ, so that saying no under load is cheap.
type refusals struct {
	body, inflated, header, slow         refusal
	inFlight, inflating, connections     refusal
	bodies                               refusal
	draining, cold, panicked, unexpected refusal
}

func newRefusals(cfg Config) refusals {
	fixed := func(code rank.Code, format string, args ...any) refusal {
		return *refused(rank.Errorf(code, format, args...))
	}
	r := refusals{
		body:        fixed(rank.TooLarge, "body: more than %d bytes (limits.body)", cfg.Limits.Body),
		inflated:    fixed(rank.TooLarge, "body: more than %d bytes when inflated (limits.body)", cfg.Limits.Body),
		header:      fixed(rank.TooLarge, "headers: more than %d bytes (limits.header)", cfg.Limits.Header),
		slow:        fixed(rank.InvalidRequest, "request: not complete after %v (timeouts.read)", cfg.Timeouts.Read),
		inFlight:    fixed(rank.Overloaded, "more than %d requests in flight (limits.in_flight)", cfg.Limits.InFlight),
		bodies:      fixed(rank.Overloaded, "bodies: more than %d bytes of all requests together (limits.bodies)", cfg.Limits.Bodies),
		inflating:   fixed(rank.Overloaded, "too many compressed bodies: not one inflated in %v (budget.max)", cfg.Budget.Max),
		connections: fixed(rank.Overloaded, "more than %d connections (limits.connections)", cfg.Limits.Connections),
		draining:    fixed(rank.Unavailable, "draining: this instance is about to stop"),
		cold:        fixed(rank.Unavailable, "not ready: no model is loaded and warm"),
		panicked:    fixed(rank.Unavailable, "the request failed inside the gateway; its log says why"),
		unexpected:  fixed(rank.Unavailable, "the gateway could not answer; its log says why"),
	}
	r.header.status = fasthttp.StatusRequestHeaderFieldsTooLarge
	r.slow.status = fasthttp.StatusRequestTimeout
	return r
}

func (s *Server) unknownPath(path []byte) *refusal {
	paths := "/rank, /rank/MODEL, /healthz and /readyz"
	if s.cfg.Inference != nil {
		paths = "/rank, /rank/MODEL, /v2, /healthz and /readyz"
	}
	return refusef(fasthttp.StatusNotFound, "path: %s is not served; there are %s", Brief(string(path)), paths)
}

func wrongMethod(method, path []byte, allow string) *refusal {
	return refusef(fasthttp.StatusMethodNotAllowed,
		"method: %s is not for %s; it takes %s", Brief(string(method)), Brief(string(path)), allow)
}

// refuse answers with r.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, r *refusal) {
	s.stats.Refused[r.code].Add(1)
	ctx.SetStatusCode(r.status)
	ctx.Response.Header.SetContentType(contentJSON)
	if r.code == rank.Overloaded {
		ctx.Response.Header.Set("Retry-After", seconds(r.after))
	}
	if r.code == rank.Unauthorized {
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
	}
	if s.speaksV2(ctx.Path()) {
		ctx.Response.SetBodyRaw(errorBodyV2(r.code, r.message))
		return
	}
	ctx.Response.SetBodyRaw(errorBody(r.code, r.message))
}

// retryAfter is in seconds, and HTTP has nothing shorter to ask for.
const retryAfter = "1"

// seconds is d rounded up to what Retry-After can say.
func seconds(d time.Duration) string {
	if d <= time.Second {
		return retryAfter
	}
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// malformed answers what is not a request of HTTP; fasthttp closes the
// connection after it.
func (s *Server) malformed(ctx *fasthttp.RequestCtx, err error) {
	c := ctx.Conn().(*conn)
	var tooBig *fasthttp.ErrSmallBuffer
	switch {
	case !c.begun && c.first.IsZero():
		// A connection that was opened ahead of need and never used. A 408
		// would be taken for the answer to the request that is just leaving.
		c.mute = true
		return
	case c.refused() != "":
		s.refuse(ctx, invalid("request: %s", c.refused()))
	case errors.As(err, &tooBig):
		s.refuse(ctx, &s.refusals.header)
	case timedOut(err):
		s.refuse(ctx, &s.refusals.slow)
	default:
		s.refuse(ctx, invalid("request: not well-formed HTTP/1.1"))
	}
	c.linger.Store(true)
}

func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// recovered turns a panic into an answer. The connection closes, because how
// much of it was read is not known.
func (s *Server) recovered(ctx *fasthttp.RequestCtx) {
	reason := recover()
	if reason == nil {
		return
	}
	s.stats.Panics.Add(1)
	s.log.Error("panic while answering a request", "path", Brief(string(ctx.Path())),
		"reason", reason, "stack", string(debug.Stack()))
	ctx.Response.Reset()
	s.refuse(ctx, &s.refusals.panicked)
	ctx.SetConnectionClose()
}
