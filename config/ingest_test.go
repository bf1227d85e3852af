package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/offline/ingest"
	"github.com/rankgate/rankgate/secret"
)

func TestEverySettingOfIngestReachesItsSource(t *testing.T) {
	file := write(t, t.TempDir(), "gateway.yaml", `
ingest:
  admin: "127.0.0.1:9999"
  batch: 500
  linger: 2ms
  max_event: 64KiB
  max_ahead: 1h
  redis: {stream: updates, group: shop, consumer: one, claim_after: 1m, dead_max: 50}
  kafka:
    brokers: ["10.0.0.5:9092", "kafka.local:9092"]
    topics: [users, items]
    group: shop
    tls: {ca: ca.pem, cert: client.pem, key: client.key, server_name: kafka.local}
    mechanism: scram-sha-256
    username: gateway
    password: {file: secrets/kafka}
`)
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(filepath.Dir(file), name) }
	want := &ingest.Config{
		Admin: "127.0.0.1:9999", Batch: 500, Linger: 2 * time.Millisecond, MaxEvent: 64 << 10, MaxAhead: time.Hour,
		Redis: &ingest.Redis{Stream: "updates", Group: "shop", Consumer: "one", ClaimAfter: time.Minute, DeadMax: 50},
		Kafka: &ingest.Kafka{
			Brokers: []string{"10.0.0.5:9092", "kafka.local:9092"}, Topics: []string{"users", "items"}, Group: "shop",
			TLS:         secret.TLS{On: true, CA: in("ca.pem"), Cert: in("client.pem"), Key: in("client.key"), ServerName: "kafka.local"},
			Mechanism:   ingest.SCRAMSHA256,
			Credentials: redis.Credentials{Username: "gateway", Password: secret.Source{File: in("secrets/kafka")}},
		},
	}
	if !reflect.DeepEqual(got.Ingest, want) {
		t.Errorf("got  %+v\nwant %+v", got.Ingest, want)
	}
}

func TestAnEmptySectionIsASourceWithItsDefaults(t *testing.T) {
	got, err := Read(write(t, t.TempDir(), "gateway.yaml", "ingest: {redis: }\n"))
	if err != nil {
		t.Fatal(err)
	}
	want, stream := ingest.DefaultConfig(), ingest.DefaultRedis()
	want.Redis = &stream
	if !reflect.DeepEqual(got.Ingest, &want) {
		t.Errorf("got  %+v\nwant %+v", got.Ingest, want)
	}
	if got, err := Read(write(t, t.TempDir(), "gateway.yaml", "log: {level: info}\n")); err != nil || got.Ingest != nil {
		t.Errorf("without the section: %+v, %v", got.Ingest, err)
	}
}

func TestEveryMistakeInIngestIsNamedWithItsPlace(t *testing.T) {
	for _, m := range []mistake{
		{`ingest: {}`, `1:1: ingest: there is nothing to read; name a source, redis or kafka or both`},
		{`ingest: {batch: 0, linger: 2s, max_event: 1, max_ahead: -1h, redis: {claim_after: 1ms, dead_max: 0, group: ""}, rabbit: {}}`,
			`1:17: ingest.batch: 0 is out of range; it must be 1 to 100000
1:28: ingest.linger: 2s is out of range; it must be 0s to 1s
1:43: ingest.max_event: 1 is out of range; it must be 1KiB to 64MiB
1:57: ingest.max_ahead: -1h is out of range; it must be 0s to 36500d
1:83: ingest.redis.claim_after: 1ms is out of range; it must be 100ms to 1d
1:98: ingest.redis.dead_max: 0 is out of range; it must be 1 to 2147483647
1:108: ingest.redis.group: must be the name of the consumer group, not empty
1:113: ingest.rabbit: unknown field; known are admin, batch, kafka, linger, max_ahead, max_event, redis`},
		{`ingest: {kafka: }`, `
1:10: ingest.kafka.brokers: missing: where is the cluster? A list of host:port
1:10: ingest.kafka.topics: missing: which topics hold the events?`},
		{`ingest: {kafka: {brokers: [":9092"], topics: [""], mechanism: gssapi, password: hunter2}}`, `
1:28: ingest.kafka.brokers[0]: ":9092" names no host; write host:port
1:47: ingest.kafka.topics[0]: must be the name of a topic, not empty
1:63: ingest.kafka.mechanism: "gssapi" is unknown; known are scram-sha-512, scram-sha-256, plain
1:63: ingest.kafka.mechanism: has no effect without a username and a password
1:81: ingest.kafka.password: a password is never written here; name where it is, {env: NAME} or {file: PATH}`},
		{`ingest: {kafka: {brokers: ["a:1"], topics: [x], username: u}}`,
			`1:59: ingest.kafka.username: username and password belong together; set both or none`},
		{`ingest: {kafka: {brokers: ["a:1"], topics: [x], username: u, password: {env: A, file: b}}}`,
			`1:62: ingest.kafka.password: both env and file are set; where is the password?`},
	} {
		f, err := parse("gateway.yaml", []byte(m.yaml))
		if err == nil {
			_, err = readConfig(f)
		}
		want := strings.ReplaceAll("gateway.yaml:"+strings.TrimPrefix(m.want, "\n"), "\n", "\ngateway.yaml:")
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot:\n%v\nwant:\n%s", m.yaml, err, want)
		}
	}
}
