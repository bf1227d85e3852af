package ingest

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// passwordSetting is where a mistake in it is shown.
const passwordSetting = "ingest.kafka.password" //nolint:gosec // a setting's name

// options says where the cluster is and how to be let in.
func (k *Kafka) options(log *slog.Logger) ([]kgo.Opt, error) {
	options := []kgo.Opt{kgo.SeedBrokers(k.Brokers...), kgo.ClientID("rankgate"), kgo.WithLogger(kafkaLog{log})}
	if k.TLS.On {
		config, err := k.TLS.Config("ingest.kafka.tls")
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if k.Credentials.Username != "" {
		if _, err := k.Credentials.Password.Read(passwordSetting); err != nil {
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
		password, err := k.Credentials.Password.Read(passwordSetting)
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
