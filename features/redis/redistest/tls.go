package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TLS is a server that speaks nothing but TLS, with paths of PEM files.
type TLS struct {
	*Server
	CA        string // signed the server's certificate, for 127.0.0.1, and the client's
	Cert, Key string // the client's
	Stranger  string // a CA that signed neither
}

// StartTLS starts one. clients says what it asks of a client's certificate, as
// redis-server's tls-auth-clients does: "yes", "no" or "optional". It is
// redis-server always: the builds of Valkey that packages bring have no TLS.
func StartTLS(tb testing.TB, clients string) *TLS {
	tb.Helper()
	t := &TLS{}
	dir := tb.TempDir()
	own, stranger := newAuthority(tb, dir, "ca"), newAuthority(tb, dir, "stranger")
	t.CA, t.Stranger = own.file, stranger.file
	t.Cert, t.Key = own.sign(dir, "client")
	cert, key := own.sign(dir, "server")
	t.Server = start(tb, func(s *Server, port string) []string {
		s.binary = redisServer
		return []string{
			"--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--appendonly", "no",
			"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", t.CA, "--tls-auth-clients", clients,
		}
	})
	return t
}

// authority signs certificates.
type authority struct {
	tb   testing.TB
	file string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(tb testing.TB, dir, name string) *authority {
	tb.Helper()
	a := &authority{tb: tb}
	of := a.template(name)
	of.IsCA, of.BasicConstraintsValid, of.KeyUsage = true, true, x509.KeyUsageCertSign
	a.cert = of
	a.file, _ = a.issue(dir, name, of)
	return a
}

// sign makes a certificate for 127.0.0.1, of a server or a client, and its key.
func (a *authority) sign(dir, name string) (cert, key string) {
	a.tb.Helper()
	of := a.template(name)
	of.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	of.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return a.issue(dir, name, of)
}

func (a *authority) template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.tb.Fatal(err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// issue writes a certificate and its new key. One without a key to sign it signs
// itself.
func (a *authority) issue(dir, name string, of *x509.Certificate) (certFile, keyFile string) {
	a.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	if a.key == nil {
		a.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, of, a.cert, key.Public(), a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.tb.Fatal(err)
	}
	return a.write(dir, name+".crt", "CERTIFICATE", der), a.write(dir, name+".key", "PRIVATE KEY", secret)
}

func (a *authority) write(dir, name, kind string, der []byte) string {
	a.tb.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.tb.Fatal(err)
	}
	return file
}
