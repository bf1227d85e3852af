package oip

import (
	"context"
	"time"
)

// Client speaks to one server. It is safe for concurrent use.
//
// Errors are *rank.Error: InvalidRequest if the server does not take the tensors,
// UnknownModel, Overloaded, DeadlineExceeded once ctx has expired, Unavailable for all
// else. A call whose ctx was cancelled returns an error that wraps context.Canceled.
// Messages name the pool and the server.
type Client interface {
	// Infer sends a message and returns the answer, to be released by the caller. When
	// ctx ends, so does the call, and the server is told: over HTTP by closing the
	// connection. The time that is left goes with the message.
	Infer(ctx context.Context, m *Message) (*Reply, error)

	// Ready returns nil if the server can serve the model, or anything at all if model
	// is "".
	Ready(ctx context.Context, model, version string) error

	// Metadata asks what the server says about a model. Version "" means the one that
	// the server would choose.
	Metadata(ctx context.Context, model, version string) (*Metadata, error)

	Close() error
}

// left returns the time until ctx ends, 0 if it has no end.
func left(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(deadline), time.Microsecond)
}

// outgoing returns m's request as an attempt with so much time sends it.
func (m *Message) outgoing(left time.Duration) Request {
	r := m.Request
	if left > 0 && (r.Timeout == 0 || left < r.Timeout) {
		r.Timeout = left
	}
	return r
}
