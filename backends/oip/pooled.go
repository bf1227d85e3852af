package oip

import (
	"context"
	"errors"
	"sync"

	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/rank"
)

// Pooled sends messages to the servers of a pool.
type Pooled struct {
	pool  *pool.Pool[Client]
	calls sync.Pool // *pooledCall
}

// NewPooled returns a Caller over p.
func NewPooled(p *pool.Pool[Client]) *Pooled {
	c := &Pooled{pool: p}
	c.calls.New = func() any { return newPooledCall(c) }
	return c
}

// Call sends m to the server that will probably answer first.
func (p *Pooled) Call(ctx context.Context, rows int, m *Message) (*Reply, error) {
	c := p.calls.Get().(*pooledCall)
	m.Retain() // for the attempts, of which one may outlive this call
	c.message, c.Rows, c.Share = m, rows, m.Share
	c.Idempotent, c.Hedge = !m.Once, !m.Once
	return pool.Do(ctx, p.pool, &c.Call)
}

// pooledCall is a pool's call with the message that its attempts send.
type pooledCall struct {
	pool.Call[Client, *Reply]

	from    *Pooled
	message *Message
}

func newPooledCall(from *Pooled) *pooledCall {
	c := &pooledCall{from: from}
	c.Send, c.Discard, c.Done = c.send, (*Reply).Release, c.done
	return c
}

func (c *pooledCall) send(ctx context.Context, client Client, a *pool.Attempt) (*Reply, error) {
	reply, err := client.Infer(ctx, c.message)
	a.Unprocessed = Unsent(err)
	if known, ok := errors.AsType[*rank.Error](err); ok && known.Code == rank.UnknownModel {
		// It did hold the model, or it would not be asked: the server is unwell.
		return reply, &rank.Error{Code: rank.Unavailable, Message: known.Message}
	}
	return reply, err
}

// done gives back what the attempts have read.
func (c *pooledCall) done() {
	m := c.message
	c.message = nil
	c.from.calls.Put(c)
	m.Release()
}
