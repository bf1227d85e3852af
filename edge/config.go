package edge

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/budget"
	"github.com/rankgate/rankgate/rank"
)

// Config bounds what the public listener takes from its callers.
type Config struct {
	Budget   budget.Limits
	Limits   Limits
	Timeouts Timeouts
	Drain    Drain

	Keys *Keys       // who may ask for all but health; nil means everyone
	TLS  *tls.Config // of the listener; nil means plain TCP

	// Inference answers the Open Inference Protocol under /v2; nil means that there is
	// no such path. It is set by who starts the server, not by a file.
	Inference  oip.Service
	Repository bool // whether /v2 may load and unload models (listen.repository_control)
}

// Limits bounds one request and all requests together. Every limit is at least
// 1; there is no value that means "no limit".
type Limits struct {
	Candidates  int // items of one request (limits.candidates)
	Features    int // features of one item, and of the context (limits.features)
	Body        int // bytes of one body, also after inflating (limits.body)
	Bodies      int // bytes of the bodies of all requests that are being read or ranked; more get 429 (limits.bodies)
	Header      int // bytes of the request line and the headers (limits.header)
	InFlight    int // requests answered at a time; more get 429 (limits.in_flight)
	Connections int // open connections; more are answered with 429 and closed (limits.connections)
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
		Budget: budget.DefaultLimits,
		Limits: Limits{
			Candidates: 2000, Features: 128, Body: 4 << 20, Bodies: 256 << 20, Header: 8 << 10,
			InFlight: 4096, Connections: 16384,
		},
		Timeouts: Timeouts{Read: 5 * time.Second, Write: 5 * time.Second, Idle: time.Minute},
		Drain:    Drain{Wait: 5 * time.Second, Linger: 5 * time.Second, Finish: 10 * time.Second},
	}
}

// Validate returns every value that is out of its range.
func (c Config) Validate() []rank.FieldError {
	var errs []rank.FieldError
	count := func(path string, value, low, high int) {
		if value < low || value > high {
			errs = append(errs, rank.FieldError{Path: path, Message: fmt.Sprintf("%d: must be from %d to %d", value, low, high)})
		}
	}
	span := func(path string, value, low time.Duration) {
		if value < low || value > maxSpan {
			errs = append(errs, rank.FieldError{Path: path, Message: fmt.Sprintf("%v: must be from %v to %v", value, low, maxSpan)})
		}
	}
	span("budget.default", c.Budget.Default, time.Microsecond)
	span("budget.max", c.Budget.Max, time.Microsecond)
	count("limits.candidates", c.Limits.Candidates, 1, 1<<20)
	count("limits.features", c.Limits.Features, 1, 1<<16)
	count("limits.body", c.Limits.Body, 1<<10, maxBody)
	if least := 2 * c.Limits.Body; c.Limits.Bodies < least && c.Limits.Body <= maxBody {
		errs = append(errs, rank.FieldError{Path: "limits.bodies", Message: fmt.Sprintf(
			"%d: must be at least %d: one body of limits.body, as sent and inflated", c.Limits.Bodies, least)})
	}
	count("limits.header", c.Limits.Header, 1<<10, 1<<20)
	count("limits.in_flight", c.Limits.InFlight, 1, 1<<20)
	count("limits.connections", c.Limits.Connections, 1, 1<<20)
	span("timeouts.read", c.Timeouts.Read, time.Millisecond)
	span("timeouts.write", c.Timeouts.Write, time.Millisecond)
	span("timeouts.idle", c.Timeouts.Idle, time.Millisecond)
	span("drain.wait", c.Drain.Wait, 0)
	span("drain.linger", c.Drain.Linger, 0)
	span("drain.finish", c.Drain.Finish, 0)
	return errs
}

// maxBody is the most that limits.body may be.
const maxBody = 1 << 30

// maxSpan is the longest time that any setting may name.
const maxSpan = 24 * time.Hour
