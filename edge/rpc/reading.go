package rpc

import (
	"time"

	"google.golang.org/grpc"
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

// gated is a stream whose one message is read when the gate has a place.
type gated struct {
	grpc.ServerStream

	gate gate
}

// RecvMsg reads the message into m, for as long as the call has patience.
func (g gated) RecvMsg(m any) error {
	ctx := g.Context()
	select {
	case g.gate <- struct{}{}:
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
	defer g.gate.leave()
	err := g.ServerStream.RecvMsg(m)
	ctx.Value(arrivalKey{}).(*arrival).patience.Stop()
	return err
}

// errStreams refuses a stream that is one too many.
func (s *Server) errStreams() error {
	return rank.Errorf(rank.Overloaded, "streams: more than %d are open: half as many as limits.bodies, %d, "+
		"holds messages of limits.body, %d", cap(s.reading.streams), s.cfg.Limits.Bodies, s.cfg.Limits.Body)
}
