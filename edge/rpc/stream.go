package rpc

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// endless is a stream that its caller may keep open for as long as it likes. Its
// handler ends with errLeaving when the server leaves and no message has come for
// drain.linger: else idle streams would hold the drain up until it gives up.
type endless struct {
	grpc.ServerStream

	server *Server
}

var errLeaving = status.Error(codes.Unavailable, "draining: this instance is about to stop")

// RecvMsg reads a message into m. After an error nobody may look at m any more: what
// reads into it ends with the handler, and so a little later.
func (e endless) RecvMsg(m any) error {
	read := make(chan error, 1)
	go func() { read <- e.ServerStream.RecvMsg(m) }()
	select {
	case err := <-read:
		return err
	case <-e.server.leaving:
	}
	timer := time.NewTimer(e.server.cfg.Drain.Linger)
	defer timer.Stop()
	select {
	case err := <-read:
		return err
	case <-timer.C:
		return errLeaving
	}
}
