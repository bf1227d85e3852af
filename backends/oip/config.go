package oip

import (
	"cmp"
	"crypto/tls"
	"time"
)

// Config says how a pool's servers are spoken to.
type Config struct {
	Pool string // the pool's name, which errors begin with

	// ConnectTimeout bounds the making of a connection, over HTTP also the wait for one
	// that is being made. 0 means 1 s.
	ConnectTimeout time.Duration

	// IdleTimeout is for how long a connection may go unused before it is closed. It
	// should be less than the servers' own. 0 means 30 s.
	IdleTimeout time.Duration

	MaxResponse int // bytes of an answer; 0 means 16 MiB
	MaxHeader   int // bytes of an answer's headers; 0 means 16 KiB

	TLS *tls.Config // nil means plain text
}

// withDefaults returns cfg with its zero values replaced.
func (cfg Config) withDefaults() Config {
	cfg.ConnectTimeout = cmp.Or(cfg.ConnectTimeout, time.Second)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, 30*time.Second)
	cfg.MaxResponse = cmp.Or(cfg.MaxResponse, 16<<20)
	cfg.MaxHeader = cmp.Or(cfg.MaxHeader, 16<<10)
	return cfg
}
