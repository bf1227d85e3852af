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
	files  [][]byte    // the certificate, its key, the authority of the callers
	config *tls.Config // for as long as they stay: it holds the keys that sessions are resumed with
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

// config returns the configuration of the public listener. Every handshake is made
// with the files as they were read last.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load().config, nil },
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
	id.config = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{own}}
	if c.settings.ClientCA != "" {
		id.config.ClientAuth, id.config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !id.config.ClientCAs.AppendCertsFromPEM(id.files[2]) {
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
		c.log.Info("certificates read again", "valid_until", id.config.Certificates[0].Leaf.NotAfter)
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
