package router

import (
	"context"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
)

// Place is where a version answers messages of the inference protocol: this process,
// or a pool of servers. It is safe for concurrent use.
type Place interface {
	// Infer answers m, whose Model and Version it may set, as oip.Service has it. An
	// error for which batcher.Elsewhere says so may be answered by another place.
	Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error)

	// Cost is what answering n rows is expected to take; 0 if that is not known.
	Cost(n int) time.Duration

	// Ready reports whether it can answer.
	Ready() bool

	// Statistics counts what it has done; who it is counted for is left empty.
	Statistics() oip.Statistics
}
