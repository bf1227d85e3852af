package redis

import (
	"fmt"
	"time"

	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/secret"
)

// Config says where the server is, how rows lie in it, and how long one fetch
// may take.
type Config struct {
	Addresses   []string // host:port; several are nodes of one cluster, or sentinels
	Mode        Mode
	Sentinel    Sentinel
	Credentials Credentials
	Database    int // number of the logical database; must be 0 on a cluster
	TLS         secret.TLS
	Connections int // per server, rounded up to a power of two; commands of all requests are pipelined over them

	Layout     Layout
	Prefix     string // first part of every key of the packed layout
	Project    string // Feast: the project, the last part of every key
	KeyVersion int    // Feast: entity_key_serialization_version, 2 or 3

	// KeyTTL is how long the server keeps an entity that is written; 0 means as
	// long as its rows may be used (ttl + max_stale after their event time), for
	// ever if they have no ttl. In the Feast layout it is Feast's key_ttl_seconds:
	// 0 means for ever.
	KeyTTL time.Duration

	Timeout    time.Duration // one fetch takes no longer, whatever the request's budget
	MaxFetches int           // round trips in progress; beyond it features count as errors

	Cache Cache
}

// Cache is what a view's own RowCache falls back to.
type Cache struct {
	Size     int           // bytes per view of users or items
	TTL      time.Duration // of a row; a tenth less at random, so that rows do not expire together
	Negative time.Duration // of the knowledge that there is no row
}

// Mode is the kind of deployment.
type Mode uint8

const (
	Standalone Mode = iota // one server
	Sentineled             // the master that the sentinels name
	Cluster                // slots over several masters
)

// Layout is how rows lie in the server.
type Layout uint8

const (
	Packed Layout = iota
	Feast
)

// Sentinel is what sentinels are asked for, and with which credentials.
type Sentinel struct {
	Master      string
	Credentials Credentials
}

// Credentials are an ACL user and where its password is. They never hold the
// password itself, so printing them shows none.
type Credentials struct {
	Username string
	Password secret.Source // read at every connection
}

// DefaultConfig is what an empty section means; Addresses must still be set.
func DefaultConfig() Config {
	return Config{
		Connections: 2, Prefix: "rankgate", KeyVersion: 3,
		Timeout: 100 * time.Millisecond, MaxFetches: 256,
		Cache: Cache{Size: 64 << 20, TTL: 5 * time.Minute, Negative: 5 * time.Second},
	}
}

// Validate reports every setting that can't be served, with its path in
// gateway.yaml.
func (c *Config) Validate() []rank.FieldError {
	var errs []rank.FieldError
	fail := func(field, format string, args ...any) {
		errs = append(errs, rank.FieldError{Path: "features.store.redis." + field, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case len(c.Addresses) == 0:
		fail("addresses", "missing: where is the server? host:port")
	case c.Mode == Standalone && len(c.Addresses) > 1:
		fail("addresses", "%d addresses and mode standalone; set mode: cluster or sentinel, or name one", len(c.Addresses))
	}
	if c.Mode == Cluster && c.Database != 0 {
		fail("database", "%d: a cluster has only database 0", c.Database)
	}
	if (c.Mode == Sentineled) != (c.Sentinel.Master != "") {
		fail("sentinel.master", "mode sentinel and the name of the master belong together; set both or none")
	}
	errs = append(errs, c.Credentials.Password.Validate("features.store.redis.password", "password")...)
	errs = append(errs, c.Sentinel.Credentials.Password.Validate("features.store.redis.sentinel.password", "password")...)
	if c.Layout == Feast && c.Project == "" {
		fail("project", "missing: the layout feast needs the name of the Feast project")
	}
	return errs
}
