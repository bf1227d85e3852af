package edge

import (
	"sync/atomic"

	"github.com/rankgate/rankgate/rank"
)

// Stats counts what a public listener saw. Requests write it, anyone may read
// it at any time; each number is exact, but two of them may be a request apart.
type Stats struct {
	Answered    atomic.Uint64                // requests to /rank, and inferences of /v2, with a 200
	Refused     [rank.NumCodes]atomic.Uint64 // requests with an error, by code; health included
	Limited     atomic.Uint64                // requests above the rate of their key; among the Refused
	InFlight    atomic.Int64                 // requests being worked on, health excepted
	BodyBytes   atomic.Uint64                // of bodies, as sent
	BodiesHeld  atomic.Int64                 // bytes of bodies that are being read or answered (limits.bodies)
	Gone        atomic.Uint64                // requests whose caller was seen to have left
	Panics      atomic.Uint64                // requests that ended in a panic
	Connections atomic.Int64                 // open now
	TurnedAway  atomic.Uint64                // connections above limits.connections
}
