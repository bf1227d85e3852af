package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/rank"
)

// Bounds of how long a connection may be silent. A server that does not answer
// within stalled loses its connections, and with them what waits on them.
const (
	dialTimeout = 2 * time.Second
	keepAlive   = time.Second
	stalled     = 2 * time.Second
	reconcile   = 5 * time.Second // between two questions to the sentinels, lest their word was missed
)

// Connect returns a client without client-side caching, for whoever writes. A
// server that can't be reached is an error.
func Connect(cfg Config) (rueidis.Client, error) {
	option, err := cfg.option()
	if err != nil {
		return nil, err
	}
	option.DisableCache = true
	return connect(option)
}

func connect(option rueidis.ClientOption) (rueidis.Client, error) {
	client, err := rueidis.NewClient(option)
	if wrong, ok := errors.AsType[rank.FieldError](err); ok {
		return nil, wrong
	}
	addresses := strings.Join(option.InitAddress, ", ")
	if err != nil {
		return nil, fmt.Errorf("features.store.redis.%s: %s: %w", settingOf(err), addresses, err)
	}
	if !option.ForceSingleClient && option.Sentinel.MasterSet == "" && client.Mode() != rueidis.ClientModeCluster {
		client.Close() // which the client's own fallback would hide
		return nil, rank.FieldError{Path: "features.store.redis.mode", Message: addresses + " is not a cluster; set mode: standalone"}
	}
	return client, nil
}

// settingOf is the setting that has most to do with why no connection was made.
func settingOf(err error) string {
	var verify *tls.CertificateVerificationError
	var alert tls.AlertError
	var header tls.RecordHeaderError
	switch w := word(err); {
	case w == "WRONGPASS" || w == "NOAUTH" || w == "NOPERM":
		return "password"
	case strings.Contains(err.Error(), "No such master with that name"):
		return "sentinel.master"
	case errors.As(err, &verify) || errors.As(err, &alert) || errors.As(err, &header):
		return "tls"
	default:
		return "addresses"
	}
}

// option translates the configuration. Reads are never retried on their own:
// the request's budget decides, and a breaker counts.
func (c *Config) option() (rueidis.ClientOption, error) {
	option := rueidis.ClientOption{
		InitAddress:       c.Addresses,
		SelectDB:          c.Database,
		ForceSingleClient: c.Mode == Standalone,
		AuthCredentialsFn: c.credentials,
		Dialer:            net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive},
		ConnWriteTimeout:  stalled,
		AlwaysPipelining:  true,
		DisableRetry:      true,
		PipelineMultiplex: log2(c.Connections),
		ClientName:        "rankgate",
	}
	if c.Mode == Sentineled {
		option.Sentinel = rueidis.SentinelOption{
			MasterSet: c.Sentinel.Master, Dialer: option.Dialer, ClientName: "rankgate", TopologyRefreshInterval: reconcile,
		}
		option.Sentinel.Dialer.Resolver = forSentinels
		option.DialCtxFn = dial
	}
	if c.TLS.On {
		config, err := c.TLS.Config("features.store.redis.tls")
		if err != nil {
			return option, err
		}
		option.TLSConfig = config
		if c.Mode == Sentineled {
			option.Sentinel.TLSConfig = config
		}
	}
	return option, nil
}

// log2 is the exponent of the least power of two that is at least n, which is how
// the client counts its connections. 0 would mean its own default.
func log2(n int) int {
	exponent := 0
	for 1<<exponent < n {
		exponent++
	}
	if exponent == 0 {
		return -1 // one connection
	}
	return exponent
}

// The client asks for credentials by the address that it has reached, of sentinels
// too, although they have their own. So a connection to a sentinel says what it is
// by the type of its address, and is told apart when it is made by the resolver
// of the sentinels' dialer.
type (
	sentinelConn struct{ net.Conn }
	sentinelAddr struct{ net.Addr }
)

// forSentinels resolves as the default does.
var forSentinels = new(net.Resolver)

// RemoteAddr implements net.Conn.
func (c sentinelConn) RemoteAddr() net.Addr { return sentinelAddr{c.Conn.RemoteAddr()} }

func dial(ctx context.Context, address string, dialer *net.Dialer, config *tls.Config) (conn net.Conn, err error) {
	if config != nil {
		over := tls.Dialer{NetDialer: dialer, Config: config}
		conn, err = over.DialContext(ctx, "tcp", address)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", address)
	}
	if err == nil && dialer.Resolver == forSentinels {
		conn = sentinelConn{conn}
	}
	return conn, err
}

// credentials returns those for a connection, as they are now.
func (c *Config) credentials(to rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
	if _, ok := to.Address.(sentinelAddr); ok {
		return c.Sentinel.Credentials.read("features.store.redis.sentinel.password")
	}
	return c.Credentials.read("features.store.redis.password")
}

// checkCredentials reports a password that is not where the settings say.
func (c *Config) checkCredentials() error {
	_, err := c.credentials(rueidis.AuthCredentialsContext{})
	if c.Mode == Sentineled {
		_, other := c.credentials(rueidis.AuthCredentialsContext{Address: sentinelAddr{}})
		err = errors.Join(err, other)
	}
	return err
}

// read returns the credentials of a setting.
func (c Credentials) read(setting string) (rueidis.AuthCredentials, error) {
	password, err := c.Password.Read(setting)
	return rueidis.AuthCredentials{Username: c.Username, Password: password}, err
}
