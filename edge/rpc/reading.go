package rpc

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// reading bounds the messages that are arriving. How long one will be is known to gRPC
// alone, and only bytes that are here count against limits.bodies: a peer that sends all
// of its messages but for the last byte would be given limits.body for each. So as many
// are read at a time as limits.bodies holds of the longest, half of them on streams;
// the others wait in what gRPC lets a peer send unread, 256 KiB.
type reading struct {
	messages gate // of calls with one message
	streams  gate // open, with a message arriving or not
	health   gate // of those that ask for health, who need no key and send a word or none
}

// gate holds a place for each that has passed.
type gate chan struct{}

const (
	healthReaders  = 64
	healthPatience = time.Second // for a word to arrive
)

func newReading(limits edge.Limits) reading {
	places := max(limits.Bodies/limits.Body/2, 1)
	return reading{messages: make(gate, places), streams: make(gate, places), health: make(gate, healthReaders)}
}

// enter takes a place if there is one.
func (g gate) enter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }

// gated is a stream whose next message is read when the gate has a place, and must have
// arrived within patience.
type gated struct {
	grpc.ServerStream

	gate     gate
	patience time.Duration
}

var errSlow = status.Error(codes.DeadlineExceeded, "the message did not arrive in time (timeouts.read)")

// RecvMsg reads a message into m. After errSlow nobody may look at m any more: what reads
// into it ends with the handler, and so a little later.
func (g gated) RecvMsg(m any) error {
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case g.gate <- struct{}{}:
	case <-timer.C:
		return errSlow
	case <-g.Context().Done():
		return status.FromContextError(g.Context().Err()).Err()
	}
	read := make(chan error, 1)
	go func() {
		defer g.gate.leave()
		read <- g.ServerStream.RecvMsg(m)
	}()
	select {
	case err := <-read:
		return err
	case <-timer.C:
		return errSlow
	}
}

// errStreams refuses a stream that is one too many.
func (s *Server) errStreams() error {
	return rank.Errorf(rank.Overloaded, "streams: more than %d are open: half as many as limits.bodies, %d, "+
		"holds messages of limits.body, %d", cap(s.reading.streams), s.cfg.Limits.Bodies, s.cfg.Limits.Body)
}
