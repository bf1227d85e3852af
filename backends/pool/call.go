package pool

import "context"

// Call is one purpose: rows for a model, and how to send them. It must not be
// copied, and may be used again once Done has been called.
type Call[C, R any] struct {
	Rows int // its size, by which latency is learned

	// Share is the part of the pool's learned limit that calls like this may fill,
	// lower the sooner they may be refused; 0 means all of it.
	Share float64

	Idempotent bool // a copy may be sent after a failure though the server may have seen the first
	Hedge      bool // a copy may be sent while the first is under way

	// Send makes one attempt. ctx ends at the deadline, when the caller leaves, and
	// when another attempt has won; Send then returns soon. Errors are *rank.Error,
	// and a result that comes with one is ignored. Two attempts may run at once.
	Send func(ctx context.Context, client C, a *Attempt) (R, error)

	// Discard, unless nil, is given each result that lost.
	Discard func(R)

	// Done, unless nil, is called once, when the last attempt has returned and
	// nothing can touch the memory behind the call any more. That may be after Do
	// has returned.
	Done func()

	flight flight[C, R]
}

// Attempt is what Send knows about its attempt, and what it may say about it.
type Attempt struct {
	Server string // host:port
	Extra  bool   // a hedge or a retry

	// Unprocessed is set by a Send that failed before the server could have seen
	// the request, as when the connection was refused: it may always be sent again.
	Unprocessed bool
}
