package rpc

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// peer is a stream whose messages end to arrive when it is told, or its call ends.
type peer struct {
	grpc.ServerStream

	ctx     context.Context //nolint:containedctx // a stream has one
	reading *atomic.Int32
	sent    chan struct{}
}

func (p *peer) Context() context.Context { return p.ctx }

func (p *peer) RecvMsg(any) error {
	p.reading.Add(1)
	defer p.reading.Add(-1)
	select {
	case <-p.sent:
		return nil
	case <-p.ctx.Done():
		return status.FromContextError(p.ctx.Err()).Err()
	}
}

func TestNoMoreMessagesArriveAtATimeThanTheLimitHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := settings().Limits
		limits.Body, limits.Bodies = 1<<20, 6<<20 // three messages, and three streams
		g, reading := newReading(limits), new(atomic.Int32)
		results := make(chan error, 10)
		var peers []*peer
		for range 5 {
			a := &arrival{}
			ctx, end := context.WithCancelCause(context.WithValue(t.Context(), arrivalKey{}, a))
			a.patience = time.AfterFunc(time.Second, func() { end(context.DeadlineExceeded) })
			p := &peer{ctx: patient{ctx}, reading: reading, sent: make(chan struct{})}
			peers = append(peers, p)
			go func() { results <- gated{p, g.messages}.RecvMsg(nil) }()
			synctest.Wait()
		}
		if n := reading.Load(); n != 3 {
			t.Errorf("%d messages arrive at a time; want 3", n)
		}
		close(peers[0].sent)
		if err := <-results; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := reading.Load(); n != 3 {
			t.Errorf("%d messages arrive after one has; want that the next took its place", n)
		}
		for range 4 {
			if err := <-results; status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("a message that does not arrive: %v", err)
			}
		}
		synctest.Wait()
		if n := reading.Load(); n != 0 || len(g.messages) != 0 {
			t.Errorf("%d still arrive, and %d places are taken", n, len(g.messages))
		}
	})
}

func TestAStreamTooManyIsRefused(t *testing.T) {
	cfg := settings()
	cfg.Inference = newEcho()
	cfg.Limits.Bodies = 4 * cfg.Limits.Body // two streams
	s := start(t, cfg, descending)
	for range 2 {
		if _, err := askOn(s.stream(t.Context(), t)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := askOn(s.stream(t.Context(), t))
	refused(t, "a third stream", err, codes.ResourceExhausted, "streams: more than 2 are open: half as many as limits.bodies, 16777216, holds messages of limits.body, 4194304")
}
