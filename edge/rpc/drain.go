package rpc

import (
	"context"
	"fmt"
	"time"
)

// Drain stops the server without losing a call, in two steps:
//
//	drain.wait    health says NOT_SERVING, all else goes on: load balancers look away
//	drain.finish  clients are told to move (GOAWAY), and calls under way may end
//
// When ctx ends, Drain stops waiting. It returns an error if it had to abandon a call.
func (s *Server) Drain(ctx context.Context) error {
	s.drain.Do(func() { close(s.draining) })
	timer := time.NewTimer(s.cfg.Drain.Wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Drain.Finish)
	defer cancel()
	return s.Shutdown(ctx)
}

// Shutdown stops the server at once: it takes no new call, and those under way may end
// until ctx does. It returns an error if it had to abandon one.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain.Do(func() { close(s.draining) })
	s.leave.Do(func() { close(s.leaving) })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.grpc.GracefulStop()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		s.grpc.Stop()
		<-ended
		return fmt.Errorf("rpc: stopped before all calls had ended (drain.finish is %v): %w", s.cfg.Drain.Finish, ctx.Err())
	}
}
