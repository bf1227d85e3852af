package router

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/budget"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Local is the Place that is this process. The rows of a message share the forward
// passes of the version with those of rankings, unless those have passes of their own.
type Local struct {
	batcher *batcher.Batcher
	stats   func() batcher.Stats
	inputs  []model.Feed
	outputs []localOutput
	tallies Tallies
	calls   sync.Pool // of *localCall
	answers sync.Pool // of *localAnswer
}

// localOutput is an output that a pass can give.
type localOutput struct {
	name string
	typ  oip.DataType
	dims []int64 // [-1] or [-1, columns]
	size int     // bytes of a row
}

// NewLocal returns the place of a version. b runs its passes, and stats counts them, with
// those of rankings. outputs is what they can give, each [rows] or [rows, columns], in the
// order of their Outputs: the passes must have a method Output(i int) []byte, as those of
// backends/onnx do.
func NewLocal(b *batcher.Batcher, stats func() batcher.Stats, sig *model.Signature, outputs []model.Tensor) (*Local, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("the inference protocol needs a little-endian machine")
	}
	l := &Local{batcher: b, stats: stats, inputs: sig.Inputs}
	for _, t := range outputs {
		o := localOutput{name: t.Name, typ: oip.TypeOf(t.Type), dims: t.Dims, size: t.Type.Size()}
		if o.size == 0 {
			return nil, fmt.Errorf("output %s: only numbers can be answered", t)
		}
		if len(o.dims) == 2 {
			o.size *= int(o.dims[1])
		}
		l.outputs = append(l.outputs, o)
	}
	l.calls.New = func() any { return newLocalCall(l) }
	l.answers.New = func() any { return newLocalAnswer(l) }
	return l, nil
}

// Cost is what a pass of n rows takes, or the longest of several side by side.
func (l *Local) Cost(n int) time.Duration { return l.batcher.Cost(n) }

// Ready reports true: what is loaded can run.
func (l *Local) Ready() bool { return true }

// Statistics counts the passes of the version, rankings' included, and the messages
// that were answered here.
func (l *Local) Statistics() oip.Statistics {
	s, passes := l.tallies.Statistics(), l.stats()
	s.Rows, s.Passes = passes.Rows, passes.Passes
	return s
}

// Infer answers m with the outputs that it asks for, or with all. It fails whole if
// one row can't be answered. Errors are *rank.Error.
func (l *Local) Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	start := time.Now()
	c := l.calls.Get().(*localCall)
	reply, err := c.infer(ctx, m, start)
	l.tallies.Add(start, err, c.work.Queue, c.work.Infer)
	c.end() // not after a panic: nobody knows then who still looks at it
	return reply, err
}

// patience is for a call whose context has no end.
const patience = time.Minute

func (c *localCall) infer(ctx context.Context, m *oip.Message, start time.Time) (*oip.Reply, error) {
	if err := c.read(m); err != nil {
		return nil, err
	}
	deadline := start.Add(patience)
	if end, ok := ctx.Deadline(); ok {
		deadline = budget.WorkDeadline(start, end)
	}
	c.ended, c.leaves = ctx.Done(), m.Gone
	b := c.place.batcher
	if now := time.Now(); !b.Fits(c.rows, now, deadline, m.Class) {
		if now.Add(b.Cost(c.rows)).After(deadline) {
			return nil, c.late()
		}
		return nil, rank.Errorf(rank.Overloaded, "too many rows wait already for a request that is %s", m.Class)
	}
	c.answer = c.place.answers.Get().(*localAnswer)
	c.answer.resize(c.bytes())
	c.work = batcher.Work{Rows: c, Deadline: deadline, Class: m.Class, Gone: c.gone, Sink: c}
	err := b.Score(&c.work)
	if taken := int(c.taken.Load()); err != nil || taken < c.rows {
		return nil, c.failed(err, c.rows-taken)
	}
	return c.reply(), nil
}

func (c *localCall) late() error {
	return rank.Errorf(rank.DeadlineExceeded, "the budget does not hold a forward pass of %d rows", c.rows)
}

// failed says why rows were not answered.
func (c *localCall) failed(err error, missing int) error {
	switch {
	case errors.Is(err, batcher.ErrGone):
		return rank.Errorf(rank.Unavailable, "the caller has left")
	case errors.Is(err, batcher.ErrLate):
		return c.late()
	case batcher.Elsewhere(err):
		return rank.Errorf(rank.Unavailable, "%v", err)
	}
	why, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return rank.Errorf(rank.InvalidRequest, "the model refused %d of %d rows: %.300s", missing, c.rows, why)
}
