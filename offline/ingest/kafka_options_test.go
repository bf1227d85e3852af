package ingest

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rankgate/rankgate/certtest"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/secret"
)

func TestAClusterIsEnteredOverTLSWithEveryMechanism(t *testing.T) {
	authority := certtest.NewAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{authority.Certificate("broker")}, MinVersion: tls.VersionTLS12}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KAFKA_TEST_PASSWORD", "open sesame")
	for mechanism, name := range map[Mechanism]string{SCRAMSHA512: "SCRAM-SHA-512", SCRAMSHA256: "SCRAM-SHA-256", Plain: "PLAIN"} {
		cluster := startCluster(t, kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser(name, "ali", "open sesame"))
		for _, credentials := range []redis.Credentials{
			{Username: "ali", Password: secret.Source{File: password}},
			{Username: "ali", Password: secret.Source{Env: "KAFKA_TEST_PASSWORD"}},
		} {
			cfg := topicConfig(cluster.ListenAddrs())
			cfg.Kafka.TLS, cfg.Kafka.Mechanism, cfg.Kafka.Credentials = secret.TLS{On: true, CA: authority.File}, mechanism, credentials
			stats, stop := ingesting(t, cfg, nil, newShelf())
			awaitLag(t, stats, 0)
			stop()
		}
	}
}

func TestSecretsThatAreNotThereAreNamedAndNeverShown(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.pem")
	if err := os.WriteFile(broken, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for field, k := range map[string]Kafka{
		"password.env":   {Credentials: redis.Credentials{Username: "ali", Password: secret.Source{Env: "KAFKA_TEST_ABSENT"}}},
		"password.file":  {Credentials: redis.Credentials{Username: "ali", Password: secret.Source{File: "absent"}}},
		" password.file": {Credentials: redis.Credentials{Username: "ali", Password: secret.Source{File: os.DevNull}}}, // empty
		"tls":            {TLS: secret.TLS{On: true, Cert: broken}},
		"tls.ca":         {TLS: secret.TLS{On: true, CA: "absent"}},
		" tls.ca":        {TLS: secret.TLS{On: true, CA: broken}},
		"tls.cert":       {TLS: secret.TLS{On: true, Cert: broken, Key: broken}},
	} {
		_, err := k.options(quiet(t))
		wrong, ok := errors.AsType[rank.FieldError](err)
		if !ok || wrong.Path != "ingest.kafka."+strings.TrimSpace(field) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
