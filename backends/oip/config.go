package oip

import (
	"cmp"
	"crypto/tls"
	"net"
	"time"
)

// Config says how a pool's servers are spoken to.
type Config struct {
	Pool string // the pool's name, which errors begin with

	// Authority is the host and port that a server is asked for by name, and the host
	// that its certificate must be for. "" means its address.
	Authority string

	// ConnectTimeout bounds the making of a connection. 0 means 1 s.
	ConnectTimeout time.Duration

	// IdleTimeout is for how long a connection may go unused before it is closed. It
	// should be less than the servers' own. 0 means 30 s.
	IdleTimeout time.Duration

	MaxResponse int // bytes of an answer; 0 means 16 MiB
	MaxHeader   int // bytes of an answer's headers; 0 means 16 KiB

	TLS *tls.Config // nil means plain text
}

// DefaultConfig is what an empty configuration means.
func DefaultConfig() Config {
	return Config{ConnectTimeout: time.Second, IdleTimeout: 30 * time.Second, MaxResponse: 16 << 20, MaxHeader: 16 << 10}
}

// of returns cfg for the server at address, with its zero values replaced.
func (cfg Config) of(address string) Config {
	cfg.Authority = cmp.Or(cfg.Authority, address)
	if cfg.TLS != nil && cfg.TLS.ServerName == "" {
		cfg.TLS = cfg.TLS.Clone()
		cfg.TLS.ServerName, _, _ = net.SplitHostPort(cfg.Authority)
	}
	usual := DefaultConfig()
	cfg.ConnectTimeout = cmp.Or(cfg.ConnectTimeout, usual.ConnectTimeout)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, usual.IdleTimeout)
	cfg.MaxResponse = cmp.Or(cfg.MaxResponse, usual.MaxResponse)
	cfg.MaxHeader = cmp.Or(cfg.MaxHeader, usual.MaxHeader)
	return cfg
}
