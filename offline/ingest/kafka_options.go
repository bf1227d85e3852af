package ingest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
)

// options says where the cluster is and how to be let in.
func (k *Kafka) options(log *slog.Logger) ([]kgo.Opt, error) {
	options := []kgo.Opt{kgo.SeedBrokers(k.Brokers...), kgo.ClientID("rankgate"), kgo.WithLogger(kafkaLog{log})}
	if k.TLS.On {
		config, err := tlsOf(&k.TLS)
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if k.Credentials.Username != "" {
		if _, err := passwordOf(k.Credentials); err != nil {
			return nil, err
		}
		options = append(options, kgo.SASL(k.mechanism()))
	}
	return options, nil
}

// mechanism asks for the password at each connection, so that a rotated one is
// picked up.
func (k *Kafka) mechanism() sasl.Mechanism {
	authenticate := func(context.Context) (scram.Auth, error) {
		password, err := passwordOf(k.Credentials)
		return scram.Auth{User: k.Credentials.Username, Pass: password}, err
	}
	switch k.Mechanism {
	case SCRAMSHA256:
		return scram.Sha256(authenticate)
	case Plain:
		return plain.Plain(func(ctx context.Context) (plain.Auth, error) {
			auth, err := authenticate(ctx)
			return plain.Auth{User: auth.User, Pass: auth.Pass}, err
		})
	default:
		return scram.Sha512(authenticate)
	}
}

func passwordOf(c redis.Credentials) (string, error) {
	fail := func(message string) (string, error) {
		return "", rank.FieldError{Path: "ingest.kafka.password", Message: message}
	}
	if c.PasswordFile == "" {
		password, there := os.LookupEnv(c.PasswordEnv)
		if !there {
			return fail("the environment has no " + c.PasswordEnv + ", which is to hold the password")
		}
		return password, nil
	}
	data, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return fail(err.Error())
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func tlsOf(t *redis.TLS) (*tls.Config, error) {
	fail := func(field, message string) (*tls.Config, error) {
		return nil, rank.FieldError{Path: "ingest.kafka.tls." + field, Message: message}
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return fail("ca", err.Error())
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return fail("ca", t.CA+" holds no PEM certificate")
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return fail("cert", err.Error())
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// kafkaLog lets the client tell of what it repeats by itself. It warns at every
// attempt to open a connection, which is more than a log wants to hold.
type kafkaLog struct{ log *slog.Logger }

func (kafkaLog) Level() kgo.LogLevel { return kgo.LogLevelWarn }

func (l kafkaLog) Log(level kgo.LogLevel, message string, args ...any) {
	at := slog.LevelDebug
	if level == kgo.LogLevelError {
		at = slog.LevelWarn
	}
	l.log.Log(context.Background(), at, "kafka: "+message, args...)
}
