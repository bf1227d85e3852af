package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/certtest"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/rank"
)

// pair is the files of a certificate and its authority in one directory.
type pair struct {
	*certtest.Authority
	settings config.TLS
}

func newPair(t *testing.T, name string) *pair {
	t.Helper()
	dir := t.TempDir()
	p := &pair{certtest.NewAuthority(t), config.TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}}
	p.Write(p.settings.Cert, p.settings.Key, name)
	return p
}

// shown is the name in the certificate that a server at address shows.
func (p *pair) shown(t *testing.T, address string) string {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: p.Pool, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestANewCertificateIsShownAndABrokenOneIsNot(t *testing.T) {
	p := newPair(t, "first")
	f := startArithmetic(t, func(cfg *config.Config) { cfg.Listen.TLS = &p.settings })
	address := f.public.Addr().String()
	if got := p.shown(t, address); got != "first" {
		t.Fatalf("the certificate is of %q; want first", got)
	}
	other := p.settings
	other.Cert, other.Key = filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	p.Write(other.Cert, other.Key, "second")
	for _, move := range [][2]string{{other.Cert, p.settings.Cert}, {other.Key, p.settings.Key}} { // as a renewal does
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	until(func() bool { return p.shown(t, address) == "second" })
	overwrite(t, p.settings.Cert, "broken")
	f.reloadAccess()
	if got := p.shown(t, address); got != "second" {
		t.Errorf("with a broken file the certificate is of %q; want the old one, second", got)
	}
	p.Write(p.settings.Cert, p.settings.Key, "third")
	until(func() bool { return p.shown(t, address) == "third" })
}

func TestACertificateBehindALinkIsFollowed(t *testing.T) { // as Kubernetes mounts secrets
	p, dir := newPair(t, "first"), t.TempDir()
	link := func(name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		p.Write(filepath.Join(dir, name, "cert.pem"), filepath.Join(dir, name, "key.pem"), name)
		next := filepath.Join(dir, "..next")
		if err := errors.Join(os.Symlink(name, next), os.Rename(next, filepath.Join(dir, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	link("one")
	for _, file := range []string{"cert.pem", "key.pem"} {
		if err := os.Symlink(filepath.Join("..data", file), filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	p.settings.Cert, p.settings.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	f := startArithmetic(t, func(cfg *config.Config) { cfg.Listen.TLS = &p.settings })
	if got := p.shown(t, f.public.Addr().String()); got != "one" {
		t.Fatalf("the certificate is of %q; want one", got)
	}
	link("two")
	until(func() bool { return p.shown(t, f.public.Addr().String()) == "two" })
}

func TestCallersProveWhoTheyAreIfTheirAuthorityIsNamed(t *testing.T) {
	p, callers, strangers := newPair(t, "gateway"), certtest.NewAuthority(t), certtest.NewAuthority(t)
	p.settings.ClientCA = callers.File
	f := startArithmetic(t, func(cfg *config.Config) { cfg.Listen.TLS = &p.settings })
	ask := func(cfg *tls.Config) error {
		cfg.RootCAs = p.Pool
		transport := &http.Transport{TLSClientConfig: cfg}
		defer transport.CloseIdleConnections()
		res, err := (&http.Client{Transport: transport}).Get("https://" + f.public.Addr().String() + "/healthz")
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	if err := ask(&tls.Config{Certificates: []tls.Certificate{callers.Certificate("caller")}, MinVersion: tls.VersionTLS12}); err != nil {
		t.Errorf("with a certificate: %v; want an answer", err)
	}
	for name, cfg := range map[string]*tls.Config{
		"no certificate":         {MinVersion: tls.VersionTLS12},
		"a stranger's":           {Certificates: []tls.Certificate{strangers.Certificate("caller")}, MinVersion: tls.VersionTLS12},
		"a version that is past": {Certificates: []tls.Certificate{callers.Certificate("caller")}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		if ask(cfg) == nil {
			t.Errorf("%s was answered; want the connection closed", name)
		}
	}
}

func TestMistakesInCertificatesNameTheSetting(t *testing.T) {
	p := newPair(t, "gateway")
	other := newPair(t, "other")
	for want, change := range map[string]func(*config.TLS){
		"listen.tls.cert: can't be read":          func(s *config.TLS) { s.Cert += "x" },
		"listen.tls.key: can't be read":           func(s *config.TLS) { s.Key += "x" },
		"listen.tls.client_ca: can't be read":     func(s *config.TLS) { s.ClientCA = s.Key + "x" },
		"private key does not match public key":   func(s *config.TLS) { s.Key = other.settings.Key },
		"listen.tls.client_ca: " + p.settings.Key: func(s *config.TLS) { s.ClientCA = s.Key },
		"listen.tls.cert: " + other.settings.Cert: func(s *config.TLS) { s.Cert = other.settings.Cert },
	} {
		settings := p.settings
		change(&settings)
		_, err := openCertificates(settings, slog.New(slog.DiscardHandler))
		if _, field := errors.AsType[rank.FieldError](err); !field || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", settings, err, want)
		}
	}
}

func TestAListenerKeepsItsConfigurationUntilTheFilesChange(t *testing.T) {
	p := newPair(t, "gateway")
	c, err := openCertificates(p.settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	cfg := c.config(overHTTP)
	now := func() *tls.Config {
		made, err := cfg.GetConfigForClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	before := now()
	c.reload()
	if now() != before {
		t.Error("a configuration changes although its files do not")
	}
	p.Write(p.settings.Cert, p.settings.Key, "renewed")
	c.reload()
	if now() == before {
		t.Error("a configuration stays although its files have changed")
	}
}

func TestSessionsAreResumed(t *testing.T) {
	p := newPair(t, "gateway")
	f := startArithmetic(t, func(cfg *config.Config) { cfg.Listen.TLS = &p.settings })
	cfg := &tls.Config{RootCAs: p.Pool, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	resumed := func() bool {
		c, err := tls.Dial("tcp", f.public.Addr().String(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n")
		_, _ = io.Copy(io.Discard, c) // the ticket comes with the answer
		return c.ConnectionState().DidResume
	}
	if resumed() || !resumed() {
		t.Error("the second connection does not resume the session of the first")
	}
}

func TestADirectoryThatCannotBeWatchedIsAnError(t *testing.T) {
	p := newPair(t, "gateway")
	c, err := openCertificates(p.settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.settings.Cert = filepath.Join(t.TempDir(), "gone", "cert.pem")
	if err := c.watch(context.Background()); err == nil || !strings.Contains(err.Error(), "can't be watched") {
		t.Errorf("watch() = %v; want that the directory can't be watched", err)
	}
}
