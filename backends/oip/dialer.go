package oip

import "context"

// Protocol is how a pool's servers are spoken to.
type Protocol uint8

const (
	GRPC Protocol = iota
	HTTP
)

var protocolNames = [...]string{"grpc", "http"}

func (p Protocol) String() string { return protocolNames[p] }

// Dialer makes the clients of a pool's servers.
type Dialer struct {
	Protocol Protocol
	Config   Config

	// Verify, unless nil, is asked about a server that says it is ready. What it
	// returns keeps calls from the server: it does not hold the models it should.
	Verify func(ctx context.Context, c Client) error
}

// Dial returns a client for the server at address, which is told that endpoint was
// asked for. It does not wait for the server.
func (d *Dialer) Dial(address, endpoint string) (Client, error) {
	cfg := d.Config
	cfg.Authority = endpoint
	if d.Protocol == HTTP {
		return DialHTTP(address, cfg), nil
	}
	return DialGRPC(address, cfg)
}

// Close closes a client.
func (d *Dialer) Close(c Client) error { return c.Close() }

// Probe returns nil if the server is ready and Verify agrees.
func (d *Dialer) Probe(ctx context.Context, c Client) error {
	if err := c.Ready(ctx, "", ""); err != nil || d.Verify == nil {
		return err
	}
	return d.Verify(ctx, c)
}
