package pool

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Config says where the servers are and how much may be asked of them.
type Config struct {
	Name string // of the pool, for messages

	// Endpoints are host:port. A host that is a DNS name stands for all of its
	// addresses, of one family: a name with both is taken to mean the same servers
	// twice, and IPv4 is used.
	Endpoints []string

	MaxInFlight int // calls that one server holds at most; must be positive

	Hedge Hedge
	Retry Retry
	Probe Probe

	// Resolve is how often DNS names are looked up again; 0 means only at the start.
	Resolve time.Duration

	random func() float64                                           // in [0, 1); nil means math/rand/v2
	lookup func(ctx context.Context, host string) ([]net.IP, error) // nil means the system's resolver
}

// Hedge says when a call that takes long is sent to a second server as well.
type Hedge struct {
	Quantile float64 // of what calls of like size take: this share answers without a hedge; 0 means no hedges
	Budget   float64 // hedges per call, over 10 s; one a second is always allowed unless 0, which means none
}

// Retry says how many calls may be sent twice, whatever the reason.
type Retry struct {
	Budget float64 // hedges and retries per call, over 10 s; one a second is always allowed unless 0, which means none
}

// Probe says how servers are asked whether they are ready.
type Probe struct {
	Every   time.Duration // must be positive
	Timeout time.Duration // of one probe; must be positive
}

// DefaultConfig is what an empty section means; Endpoints must still be set.
func DefaultConfig() Config {
	return Config{
		MaxInFlight: 64,
		Hedge:       Hedge{Quantile: 0.95, Budget: 0.05},
		Retry:       Retry{Budget: 0.10},
		Probe:       Probe{Every: time.Second, Timeout: 500 * time.Millisecond},
		Resolve:     5 * time.Second,
	}
}

// Validate reports every setting that can't be served, with its path in the
// pool's section.
func (c *Config) Validate() []rank.FieldError {
	var errs []rank.FieldError
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			errs = append(errs, rank.FieldError{Path: field, Message: fmt.Sprintf(format, args...)})
		}
	}
	check(len(c.Endpoints) > 0, "endpoints", "missing: where are the servers? host:port")
	seen := make(map[string]bool, len(c.Endpoints))
	for i, e := range c.Endpoints {
		field := fmt.Sprintf("endpoints[%d]", i)
		check(isEndpoint(e), field, "%q is not host:port", e)
		check(!seen[e], field, "%q stands there twice", e)
		seen[e] = true
	}
	check(c.MaxInFlight > 0, "max_in_flight", "%d: must be positive", c.MaxInFlight)
	q := c.Hedge.Quantile
	check(q == 0 || q >= 0.5 && q < 1, "hedge.quantile", "%v: must be 0 (no hedges), or at least 0.5 and below 1", q)
	check(isShare(c.Hedge.Budget), "hedge.budget", "%v: must be from 0 to 1", c.Hedge.Budget)
	check(isShare(c.Retry.Budget), "retry.budget", "%v: must be from 0 to 1", c.Retry.Budget)
	check(c.Hedge.Budget <= c.Retry.Budget, "hedge.budget",
		"%v: more than retry.budget (%v), which counts hedges too", c.Hedge.Budget, c.Retry.Budget)
	check(c.Probe.Every > 0, "probe.every", "%v: must be positive", c.Probe.Every)
	check(c.Probe.Timeout > 0, "probe.timeout", "%v: must be positive", c.Probe.Timeout)
	check(c.Resolve >= 0, "resolve", "%v: must not be negative", c.Resolve)
	return errs
}

func isEndpoint(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// isShare is false for what is not a number, too.
func isShare(x float64) bool { return x >= 0 && x <= 1 }
