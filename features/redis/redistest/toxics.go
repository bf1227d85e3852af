package redistest

import (
	"sync"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

// cut is a toxic that ends a connection after so many bytes, and hole one that
// swallows them all. The library's own, limit_data and timeout, leave for good the
// goroutines that bring what comes after them:
//
//	source   sends chunk 2 and waits for somebody to take it
//	toxic    has passed enough of chunk 1, closes its output and returns
//	source   waits on, although its connection is closed
//
// These go on to take it.
type (
	cut struct {
		Bytes int64 `json:"bytes"`
	}
	hole struct{}
)

// Pipe implements toxics.Toxic.
func (c *cut) Pipe(stub *toxics.ToxicStub) {
	passed := stub.State.(*int64)
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			if n := min(c.Bytes-*passed, int64(len(chunk.Data))); n > 0 {
				stub.Output <- &stream.StreamChunk{Data: chunk.Data[:n], Timestamp: chunk.Timestamp}
				*passed += n
			}
			if *passed == c.Bytes {
				stub.Close()
				drain(stub) // deaf to interrupts: what is closed must not be put back into the chain
				return
			}
		}
	}
}

// NewState implements toxics.StatefulToxic.
func (*cut) NewState() any { return new(int64) }

// Pipe implements toxics.Toxic.
func (*hole) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
		}
	}
}

// Cleanup implements toxics.CleanupToxic: a connection that has lost bytes is of
// no use any more.
func (*hole) Cleanup(stub *toxics.ToxicStub) {
	stub.Close()
	go drain(stub)
}

// drain takes what comes, until the source has ended.
func drain(stub *toxics.ToxicStub) {
	for range stub.Input { // dropped
	}
}

// prepare makes toxiproxy know these, and keeps it from printing: the bandwidth
// toxic says every step to the logger of the whole process.
var prepare = sync.OnceFunc(func() {
	toxics.Register("cut", new(cut))
	toxics.Register("hole", new(hole))
	log.Logger = zerolog.Nop()
})
