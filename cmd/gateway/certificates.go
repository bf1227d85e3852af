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
	files [][]byte // the certificate, its key, the authority of the callers

	// By protocol, for as long as the files stay: they hold the keys that sessions are
	// resumed with.
	configs map[string]*tls.Config
}

// The protocols that are spoken over TLS, as clients name them.
const (
	overHTTP = "http/1.1"
	overGRPC = "h2"
)

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

// config returns the configuration of a public listener. Every handshake is made with
// the files as they were read last.
func (c *certificates) config(protocol string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{protocol},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load().configs[protocol], nil },
	}
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
	own, err := tls.X509KeyPair(id.files[0], id.files[1])
	if err != nil {
		return nil, rank.FieldError{Path: "listen.tls.cert", Message: c.settings.Cert + " and " + c.settings.Key + ": " + err.Error()}
	}
	base := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}}
	if c.settings.ClientCA != "" {
		base.ClientAuth, base.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !base.ClientCAs.AppendCertsFromPEM(id.files[2]) {
			return nil, rank.FieldError{Path: "listen.tls.client_ca", Message: c.settings.ClientCA + " holds no certificate in PEM"}
		}
	}
	id.configs = make(map[string]*tls.Config)
	for _, protocol := range []string{overHTTP, overGRPC} {
		id.configs[protocol] = base.Clone()
		id.configs[protocol].NextProtos = []string{protocol}
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
		c.log.Info("certificates read again", "valid_until", id.configs[overHTTP].Certificates[0].Leaf.NotAfter)
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
