package edge

import (
	"time"

	"github.com/rankgate/rankgate/budget"
)

// Config bounds what the public listener takes from its callers.
type Config struct {
	Budget   budget.Limits
	Limits   Limits
	Timeouts Timeouts
	Drain    Drain
}

// Limits bounds one request and all requests together.
type Limits struct {
	Candidates int // items of one request (limits.candidates)
	Body       int // bytes of one body, also after inflating (limits.body)
	InFlight   int // requests answered at a time; more get 429 (limits.in_flight)
}

// Timeouts bounds what a slow or silent peer can hold.
type Timeouts struct {
	Read  time.Duration // from the first byte of a request to its last (timeouts.read)
	Write time.Duration // for one response (timeouts.write)
	Idle  time.Duration // between two requests of a connection (timeouts.idle)
}

// Drain is the schedule of a graceful stop.
type Drain struct {
	Wait   time.Duration // readiness is off, requests are still taken: a load balancer notices (drain.wait)
	Linger time.Duration // every response says Connection: close: at least the longest gap between a client's requests (drain.linger)
	Finish time.Duration // for requests in flight to end (drain.finish)
}

// DefaultConfig is what an empty configuration means.
func DefaultConfig() Config {
	return Config{
		Budget:   budget.DefaultLimits,
		Limits:   Limits{Candidates: 2000, Body: 4 << 20, InFlight: 4096},
		Timeouts: Timeouts{Read: 5 * time.Second, Write: 5 * time.Second, Idle: time.Minute},
		Drain:    Drain{Wait: 5 * time.Second, Linger: 5 * time.Second, Finish: 10 * time.Second},
	}
}
