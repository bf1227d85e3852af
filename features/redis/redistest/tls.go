package redistest

import (
	"path/filepath"
	"testing"

	"github.com/rankgate/rankgate/certtest"
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
	in := func(name string) string { return filepath.Join(dir, name) }
	own := certtest.NewAuthority(tb)
	t.CA, t.Stranger = own.File, certtest.NewAuthority(tb).File
	t.Cert, t.Key = in("client.crt"), in("client.key")
	own.Write(t.Cert, t.Key, "client")
	cert, key := in("server.crt"), in("server.key")
	own.Write(cert, key, "server")
	t.Server = start(tb, func(s *Server, port string) []string {
		s.binary = redisServer
		return []string{
			"--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--appendonly", "no",
			"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", t.CA, "--tls-auth-clients", clients,
		}
	})
	return t
}
