package config

import (
	"math"
	"time"

	"github.com/rankgate/rankgate/offline/ingest"
)

// ingest decodes where streaming updates come from. A section is a source that is
// read, even an empty one.
func (c *Config) ingest(v *value) {
	cfg := ingest.DefaultConfig()
	c.Ingest = &cfg
	v.fields(fields{
		"admin":     address(&cfg.Admin),
		"batch":     count(&cfg.Batch, 1, 100_000),
		"linger":    duration(&cfg.Linger, 0, time.Second),
		"max_event": size(&cfg.MaxEvent, 1<<10, 64<<20),
		"max_ahead": duration(&cfg.MaxAhead, 0, forever),
		"redis": func(v *value) {
			r := ingest.DefaultRedis()
			cfg.Redis = &r
			v.fields(fields{
				"stream":      nonEmpty(&r.Stream, "the key of the stream"),
				"group":       nonEmpty(&r.Group, "the name of the consumer group"),
				"consumer":    text(&r.Consumer),
				"claim_after": duration(&r.ClaimAfter, 100*time.Millisecond, day),
				"dead_max":    count(&r.DeadMax, 1, math.MaxInt32),
			})
		},
		"kafka": func(v *value) {
			k := ingest.DefaultKafka()
			cfg.Kafka = &k
			decodeKafka(v, &k)
		},
	})
}

func decodeKafka(v *value, k *ingest.Kafka) {
	mechanisms := []ingest.Mechanism{ingest.SCRAMSHA512, ingest.SCRAMSHA256, ingest.Plain}
	seen := v.fields(fields{
		"brokers":   func(v *value) { decodeServers(v, &k.Brokers) },
		"topics":    func(v *value) { decodeTopics(v, &k.Topics) },
		"group":     nonEmpty(&k.Group, "the name of the consumer group"),
		"tls":       func(v *value) { decodeTLS(v, &k.TLS) },
		"mechanism": oneOf(&k.Mechanism, []string{"scram-sha-512", "scram-sha-256", "plain"}, mechanisms),
		"username":  text(&k.Credentials.Username),
		"password":  func(v *value) { decodeSecret(v, "password", &k.Credentials.Password) },
	})
	v.need(seen, "brokers", "where is the cluster? A list of host:port")
	v.need(seen, "topics", "which topics hold the events?")
	if seen["mechanism"] && !seen["username"] {
		v.failIn("mechanism", "has no effect without a username and a password")
	}
}

func decodeTopics(v *value, into *[]string) {
	v.items(func(_ int, item *value) {
		var name string
		nonEmpty(&name, "the name of a topic")(item)
		if name != "" {
			*into = append(*into, name)
		}
	})
}
