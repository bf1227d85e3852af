package redis

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
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
	if err != nil {
		return nil, fmt.Errorf("features.store.redis.addresses: %s: %w", strings.Join(option.InitAddress, ", "), err)
	}
	return client, nil
}

// option translates the configuration. Reads are never retried on their own:
// the request's budget decides, and a breaker counts.
func (c *Config) option() (rueidis.ClientOption, error) {
	option := rueidis.ClientOption{
		InitAddress:       c.Addresses,
		SelectDB:          c.Database,
		ForceSingleClient: c.Mode == Standalone,
		AuthCredentialsFn: c.Credentials.read,
		Dialer:            net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive},
		ConnWriteTimeout:  stalled,
		AlwaysPipelining:  true,
		DisableRetry:      true,
		PipelineMultiplex: log2(c.Connections),
		ClientName:        "rankgate",
	}
	if c.Mode == Sentineled {
		option.Sentinel = rueidis.SentinelOption{MasterSet: c.Sentinel.Master, Dialer: option.Dialer, ClientName: "rankgate"}
		if c.Sentinel.Credentials != (Credentials{}) {
			given, err := c.Sentinel.Credentials.read(rueidis.AuthCredentialsContext{})
			if err != nil {
				return option, err
			}
			option.Sentinel.Username, option.Sentinel.Password = given.Username, given.Password
		}
	}
	if c.TLS.On {
		config, err := c.TLS.config()
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

// read returns the credentials as they are now.
func (c Credentials) read(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
	given := rueidis.AuthCredentials{Username: c.Username}
	switch {
	case c.PasswordFile != "":
		data, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return given, fmt.Errorf("password file: %w", err)
		}
		given.Password = strings.TrimRight(string(data), "\r\n")
	case c.PasswordEnv != "":
		password, there := os.LookupEnv(c.PasswordEnv)
		if !there {
			return given, fmt.Errorf("the environment has no %s, which is to hold the password", c.PasswordEnv)
		}
		given.Password = password
	}
	return given, nil
}

func (t *TLS) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, rank.FieldError{Path: "features.store.redis.tls.ca", Message: err.Error()}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, rank.FieldError{Path: "features.store.redis.tls.ca", Message: t.CA + " holds no PEM certificate"}
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, rank.FieldError{Path: "features.store.redis.tls", Message: "cert and key belong together; name both or none"}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, rank.FieldError{Path: "features.store.redis.tls.cert", Message: err.Error()}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
