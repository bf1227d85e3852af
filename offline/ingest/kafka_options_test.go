package ingest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
)

// certify makes a certificate of the loopback and returns it with the path of a
// file by which to trust it.
func certify(t *testing.T) (_ *tls.Config, path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, path
}

func TestAClusterIsEnteredOverTLSWithEveryMechanism(t *testing.T) {
	server, ca := certify(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KAFKA_TEST_PASSWORD", "open sesame")
	for mechanism, name := range map[Mechanism]string{SCRAMSHA512: "SCRAM-SHA-512", SCRAMSHA256: "SCRAM-SHA-256", Plain: "PLAIN"} {
		cluster := startCluster(t, kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser(name, "ali", "open sesame"))
		for _, credentials := range []redis.Credentials{
			{Username: "ali", PasswordFile: password},
			{Username: "ali", PasswordEnv: "KAFKA_TEST_PASSWORD"},
		} {
			cfg := topicConfig(cluster.ListenAddrs())
			cfg.Kafka.TLS, cfg.Kafka.Mechanism, cfg.Kafka.Credentials = redis.TLS{On: true, CA: ca}, mechanism, credentials
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
		"password.env":   {Credentials: redis.Credentials{Username: "ali", PasswordEnv: "KAFKA_TEST_ABSENT"}},
		"password.file":  {Credentials: redis.Credentials{Username: "ali", PasswordFile: "absent"}},
		" password.file": {Credentials: redis.Credentials{Username: "ali", PasswordFile: os.DevNull}}, // empty
		"tls":            {TLS: redis.TLS{On: true, Cert: broken}},
		"tls.ca":         {TLS: redis.TLS{On: true, CA: "absent"}},
		" tls.ca":        {TLS: redis.TLS{On: true, CA: broken}},
		"tls.cert":       {TLS: redis.TLS{On: true, Cert: broken, Key: broken}},
	} {
		_, err := k.options(quiet(t))
		wrong, ok := errors.AsType[rank.FieldError](err)
		if !ok || wrong.Path != "ingest.kafka."+strings.TrimSpace(field) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
