package main

import (
	"crypto/tls"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/certtest"
)

func TestACheckAsksTheServersOfAPoolAsServeWould(t *testing.T) {
	authority := certtest.NewAuthority(t)
	s := oiptest.Start(t, oiptest.Config{TLS: &tls.Config{
		Certificates: []tls.Certificate{authority.Certificate("server")},
		ClientCAs:    authority.Pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}})
	files := servedFiles(t)
	const linear = "models/linear/1/model.yaml"
	files[linear] = distant(t)[linear]
	files["gateway.yaml"] = fmt.Sprintf(`
models: {default: linear}
features: {registry: features.yaml}
routes: {linear: {run_on: [gpu]}}
pools:
  gpu:
    protocol: http
    endpoints: [%q]
    probe: {every: 10ms}
    tls: {ca: %q, cert: cert.pem, key: key.pem}
`, s.HTTP, authority.File)
	dir := tree(t, files)
	file := func(name string) string { return filepath.Join(dir, name) }
	authority.Write(file("cert.pem"), file("key.pem"), "client")
	if code, written := command(t, "check", "-c", file("gateway.yaml")); code != exitOK ||
		!strings.Contains(written, "model linear: stable 1 of 1 version\n") {
		t.Errorf("exit code %d, %s", code, written)
	}
	overwrite(t, authority.File, "no certificate")
	if code, written := command(t, "check", "-c", file("gateway.yaml")); code != exitInvalid ||
		!strings.Contains(written, "gateway.yaml:10:15: pools.gpu.tls.ca: "+authority.File+" holds no PEM certificate") {
		t.Errorf("exit code %d, %s", code, written)
	}
}
