package ingest

import (
	"fmt"
	"time"

	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/secret"
)

// Config says where events come from and how they become rows. At least one
// source is needed.
type Config struct {
	Admin    string        // where the process shows its metrics, host:port
	Batch    int           // most events that are written together; with 32 MiB of them a batch ends sooner
	Linger   time.Duration // how long an incomplete batch waits for more; 0 means not at all
	MaxEvent int           // bytes; a larger event is a dead letter
	MaxAhead time.Duration // how far ahead of this machine's clock an event time may be; 0 means any distance
	Redis    *Redis        // nil: no stream is read
	Kafka    *Kafka        // nil: no topic is read
}

// Redis is a stream on the server that holds the rows, features.store.redis.
type Redis struct {
	Stream     string
	Group      string
	Consumer   string        // "" means the host's name; no two running processes may share it
	ClaimAfter time.Duration // an entry that its consumer has not acknowledged for so long is taken over
	DeadMax    int           // about how many dead letters are kept, the latest
}

// Kafka is topics of one cluster.
type Kafka struct {
	Brokers     []string // host:port of some, who tell of the others
	Topics      []string
	Group       string
	TLS         secret.TLS
	Mechanism   Mechanism
	Credentials redis.Credentials
}

// Mechanism is how a username and a password are proven to a broker.
type Mechanism uint8

const (
	SCRAMSHA512 Mechanism = iota
	SCRAMSHA256
	Plain
)

// DefaultConfig is what an empty section means; a source must still be named.
func DefaultConfig() Config {
	return Config{
		Admin: "127.0.0.1:9902", Batch: 1000, Linger: 5 * time.Millisecond,
		MaxEvent: 1 << 20, MaxAhead: 24 * time.Hour,
	}
}

// DefaultRedis is what an empty section redis means.
func DefaultRedis() Redis {
	return Redis{Stream: "features", Group: defaultGroup, ClaimAfter: 30 * time.Second, DeadMax: 100_000}
}

// DefaultKafka is what an empty section kafka means; Brokers and Topics must
// still be set.
func DefaultKafka() Kafka { return Kafka{Group: defaultGroup} }

const defaultGroup = "rankgate"

// Validate reports every setting with which nothing can be ingested, with its
// path in gateway.yaml.
func (c *Config) Validate() []rank.FieldError {
	var errs []rank.FieldError
	fail := func(field, format string, args ...any) {
		errs = append(errs, rank.FieldError{Path: "ingest." + field, Message: fmt.Sprintf(format, args...)})
	}
	if c.Redis == nil && c.Kafka == nil {
		errs = append(errs, rank.FieldError{Path: "ingest", Message: "there is nothing to read; name a source, redis or kafka or both"})
	}
	if k := c.Kafka; k != nil {
		if len(k.Brokers) == 0 {
			fail("kafka.brokers", "missing: where is the cluster? A list of host:port")
		}
		if len(k.Topics) == 0 {
			fail("kafka.topics", "missing: which topics hold the events?")
		}
		if k.Credentials.Password.Set() != (k.Credentials.Username != "") {
			fail("kafka.username", "username and password belong together; set both or none")
		}
		errs = append(errs, k.Credentials.Password.Validate(passwordSetting, "password")...)
	}
	return errs
}
