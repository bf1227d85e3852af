package redistest

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"

	"github.com/redis/rueidis"
)

func TestATLSServerAsksForACertificateOfItsAuthority(t *testing.T) {
	s := StartTLS(t, "yes")
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		t.Fatal(err)
	}
	trusting := func(ca string, own ...tls.Certificate) rueidis.ClientOption {
		pem, err := os.ReadFile(ca)
		if err != nil {
			t.Fatal(err)
		}
		config := &tls.Config{RootCAs: x509.NewCertPool(), Certificates: own, MinVersion: tls.VersionTLS12}
		config.RootCAs.AppendCertsFromPEM(pem)
		option := alone(s.Addr)
		option.TLSConfig = config
		return option
	}
	if got := say(open(t, trusting(s.CA, pair)), "SET", "a", "1"); got != "OK" {
		t.Error(got)
	}
	for what, option := range map[string]rueidis.ClientOption{
		"no certificate": trusting(s.CA), "a stranger's authority": trusting(s.Stranger, pair), "no TLS": alone(s.Addr),
	} {
		option.DisableCache = true
		client, err := rueidis.NewClient(option)
		if err == nil {
			t.Errorf("a client with %s is let in", what)
			client.Close()
		}
	}
}
