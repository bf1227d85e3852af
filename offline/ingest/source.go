package ingest

import (
	"context"
	"time"
)

// source is a log of messages, of which each consumer of a group gets its share.
// It is used by one goroutine, but for lag.
type source interface {
	// read returns up to n messages, or an error. If there are none it waits for
	// so long, or until ctx ends, and then returns none.
	read(ctx context.Context, n int, wait time.Duration) ([]message, error)

	// bury keeps messages that are refused where the source's dead letters are.
	bury(ctx context.Context, dead []message) error

	// acknowledge says that the messages are dealt with.
	acknowledge(ctx context.Context, done []message) error

	// lag returns how many messages the group has not acknowledged, -1 if the
	// server does not know.
	lag(ctx context.Context) (int64, error)

	// close ends the consumer's part in the group, once nothing reads. What is not acknowledged is
	// delivered again, to whoever comes next.
	close()
}

// message is one message of a source.
type message struct {
	event   []byte
	bytes   int         // what the source sent for it, the event and what is around it
	arrived time.Time   // when it was added to the source, by the source's clock
	again   bool        // it may have been delivered before
	refusal *EventError // why it is a dead letter; nil if it is none
	origin  any         // what the source knows it by
}
