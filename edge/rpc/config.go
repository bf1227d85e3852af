package rpc

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rankgate/rankgate/edge"
)

// Config bounds what the listener takes from its callers. What it shares with HTTP
// means the same there: of Limits, Body is the size of a message, and Header that of a
// call's metadata. Of Drain, Linger is not needed: gRPC tells clients to move.
type Config struct {
	edge.Config

	// Shared counts what the limits of all listeners together bound: InFlight,
	// BodiesHeld and Connections. Nil means that this one has them to itself.
	Shared *edge.Stats
}

// validate returns what is wrong.
func (c *Config) validate() error {
	var errs []error
	for _, mistake := range c.Config.Validate() {
		errs = append(errs, mistake)
	}
	if c.TLS != nil && !slices.Contains(c.TLS.NextProtos, "h2") {
		errs = append(errs, fmt.Errorf("TLS: NextProtos is %q: must hold h2", c.TLS.NextProtos))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("rpc: %w", err)
	}
	return nil
}
