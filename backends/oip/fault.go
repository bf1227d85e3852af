package oip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/rank"
)

// peer names the server that something is said about.
type peer struct{ pool, address string }

func (p peer) errorf(code rank.Code, format string, args ...any) error {
	return rank.Errorf(code, "pool %s: %s: %s", p.pool, p.address, fmt.Sprintf(format, args...))
}

// failed says why a call came to no answer.
func (p peer) failed(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("pool %s: %s: %w", p.pool, p.address, context.Canceled)
	case expired(ctx):
		return p.errorf(rank.DeadlineExceeded, "no answer within the budget")
	default:
		return p.errorf(rank.Unavailable, "%v", err)
	}
}

// tooLong says that an answer has more than limit bytes.
func (p peer) tooLong(limit int) error {
	return fmt.Errorf("the answer has more than %d bytes (pools.%s.max_response)", limit, p.pool)
}

// unsent is the failure of a call that no server can have seen.
type unsent struct{ failure *rank.Error }

func (u unsent) Error() string { return u.failure.Error() }
func (u unsent) Unwrap() error { return u.failure }

// Unsent reports whether a call failed before a server could have seen it, as when the
// connection was refused: it may always be made again.
func Unsent(err error) bool {
	_, ok := errors.AsType[unsent](err)
	return ok
}

// noConnection says that a connection could not be made.
func (p peer) noConnection(ctx context.Context, err error) error {
	failure := p.failed(ctx, err)
	if coded, ok := errors.AsType[*rank.Error](failure); ok {
		return unsent{coded}
	}
	return failure
}

// expired reports whether ctx is past its deadline. A socket that has the same deadline
// may know it first.
func expired(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// answered says what an HTTP answer other than 200 means.
func (p peer) answered(statusCode int, message string) error {
	code := rank.Unavailable
	switch {
	case statusCode == fasthttp.StatusNotFound:
		code = rank.UnknownModel
	case statusCode == fasthttp.StatusTooManyRequests:
		code = rank.Overloaded
	case statusCode == fasthttp.StatusGatewayTimeout:
		code = rank.DeadlineExceeded
	case statusCode == fasthttp.StatusBadRequest, statusCode == fasthttp.StatusUnprocessableEntity,
		statusCode == fasthttp.StatusRequestEntityTooLarge:
		code = rank.InvalidRequest
	}
	return p.errorf(byWords(code, message), "status %d: %s", statusCode, clipLine(message))
}

// refused says what a gRPC status means, if answers may have limit bytes.
func (p peer) refused(ctx context.Context, err error, limit int) error {
	s := status.Convert(err)
	var code rank.Code
	switch s.Code() {
	case codes.InvalidArgument, codes.OutOfRange:
		code = rank.InvalidRequest
	case codes.NotFound:
		code = rank.UnknownModel
	case codes.ResourceExhausted:
		code = rank.Overloaded
		if strings.Contains(s.Message(), "received message larger than max") { // gRPC's own words, of the answer
			return p.errorf(rank.Unavailable, "%v", p.tooLong(limit))
		}
	case codes.DeadlineExceeded:
		code = rank.DeadlineExceeded
	case codes.Canceled:
		if ctx.Err() != nil {
			return p.failed(ctx, err)
		}
		code = rank.Unavailable
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < time.Millisecond {
			code = rank.DeadlineExceeded // the server's timer, which has the same deadline, was first
		}
	default:
		code = rank.Unavailable
		if strings.Contains(s.Message(), "Error while dialing") { // gRPC's own words
			return p.noConnection(ctx, errors.New(clipLine(s.Message())))
		}
	}
	return p.errorf(byWords(code, s.Message()), "%s: %s", s.Code(), clipLine(s.Message()))
}

// byWords knows what Triton says under one status for several things (its
// dynamic_batch_scheduler.cc, model repository manager): a queue that is full, or a
// wait in it that took too long, is no server that is down.
func byWords(code rank.Code, message string) rank.Code {
	switch {
	case strings.Contains(message, "Exceeds maximum queue size"):
		return rank.Overloaded
	case strings.Contains(message, "Request timeout expired"):
		return rank.DeadlineExceeded
	case strings.Contains(message, "Request for unknown model"):
		return rank.UnknownModel
	default:
		return code
	}
}

// clipLine shortens a server's words to one line of a message.
func clipLine(s string) string {
	const most = 300
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s = strings.ToValidUTF8(s, "?")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
