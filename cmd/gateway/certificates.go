package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/rank"
)

// certificates is what the public listeners prove who they are with. It is read
// again when its files change; what is broken is not taken.
type certificates struct {
	settings config.TLS
	log      *slog.Logger
	current  atomic.Pointer[identity]
}

// identity is what the files held at one time.
type identity struct {
	files   [][]byte // the certificate, its key, the authority of the callers
	own     tls.Certificate
	callers *x509.CertPool // nil if they are not asked for a certificate
}

// settle is how long after a change the files are read: a certificate and its key
// are not replaced in the same moment.
const settle = 100 * time.Millisecond

// openCertificates reads the files for the first time.
func openCertificates(settings config.TLS, log *slog.Logger) (*certificates, error) {
	c := &certificates{settings: settings, log: log}
	id, err := c.read()
	if err != nil {
		return nil, err
	}
	c.current.Store(id)
	return c, nil
}

// config returns the configuration of a listener that speaks one protocol ("h2",
// "http/1.1"). Every handshake is made with the files as they were read last.
func (c *certificates) config(protocol string) *tls.Config {
	type made struct {
		of     *identity
		config *tls.Config
	}
	var last atomic.Pointer[made]
	of := func(id *identity) *tls.Config {
		if m := last.Load(); m != nil && m.of == id {
			return m.config // the same one, for it holds the keys that sessions are resumed with
		}
		m := &made{id, id.config(protocol)}
		last.Store(m)
		return m.config
	}
	base := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{protocol}}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return of(c.current.Load()), nil }
	return base
}

func (id *identity) config(protocol string) *tls.Config {
	cfg := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{protocol}, Certificates: []tls.Certificate{id.own},
	}
	if id.callers != nil {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, id.callers
	}
	return cfg
}

// read reads the files. It returns the current identity if they are the same.
func (c *certificates) read() (*identity, error) {
	id := &identity{}
	for _, f := range []struct{ setting, path string }{
		{"cert", c.settings.Cert}, {"key", c.settings.Key}, {"client_ca", c.settings.ClientCA},
	} {
		if f.path == "" {
			continue
		}
		data, err := os.ReadFile(f.path)
		if err != nil {
			return nil, rank.FieldError{Path: "listen.tls." + f.setting, Message: "can't be read: " + err.Error()}
		}
		id.files = append(id.files, data)
	}
	if now := c.current.Load(); now != nil && slices.EqualFunc(now.files, id.files, bytes.Equal) {
		return now, nil
	}
	var err error
	if id.own, err = tls.X509KeyPair(id.files[0], id.files[1]); err != nil {
		return nil, rank.FieldError{Path: "listen.tls.cert", Message: c.settings.Cert + " and " + c.settings.Key + ": " + err.Error()}
	}
	if c.settings.ClientCA != "" {
		id.callers = x509.NewCertPool()
		if !id.callers.AppendCertsFromPEM(id.files[2]) {
			return nil, rank.FieldError{Path: "listen.tls.client_ca", Message: c.settings.ClientCA + " holds no certificate in PEM"}
		}
	}
	return id, nil
}

// reload reads the files again. If that fails, what was read before stays.
func (c *certificates) reload() {
	id, err := c.read()
	switch {
	case err != nil:
		c.log.Error("certificates were not read again, the old ones stay", "error", err)
	case c.current.Swap(id) != id:
		c.log.Info("certificates read again", "valid_until", id.own.Leaf.NotAfter)
	}
}

// watch reloads when a file changes, until ctx ends. It watches directories: who
// replaces a file by renaming another, or a symbolic link above it, as Kubernetes
// does, leaves nothing to watch in its place.
func (c *certificates) watch(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("listen.tls: changes can't be watched for: %w", err)
	}
	defer w.Close()
	for _, path := range []string{c.settings.Cert, c.settings.Key, c.settings.ClientCA} {
		if path == "" {
			continue
		}
		if err := w.Add(filepath.Dir(path)); err != nil {
			return fmt.Errorf("listen.tls: %s can't be watched for changes: %w", filepath.Dir(path), err)
		}
	}
	c.reload() // a change between the first reading and now
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-w.Events:
			if !open {
				return errors.New("listen.tls: the watch for changes has ended")
			}
			if due == nil {
				due = time.After(settle)
			}
		case err := <-w.Errors: // some events may be lost
			c.log.Warn("watching for new certificates", "error", err)
			due = time.After(settle)
		case <-due:
			due = nil
			c.reload()
		}
	}
}
