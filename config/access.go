package config

import (
	"net"
	"net/netip"

	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/secret"
)

// TLS says how the public listener proves who it is, and whom it asks to do the
// same. Paths are of PEM files, which are read again when they change.
type TLS struct {
	Cert, Key string
	ClientCA  string // who signs the callers' certificates; "" means that none is asked for
}

// Auth says who may ask.
type Auth struct {
	Keys secret.Source // lines of edge.Keys; not set means that everyone may ask
}

// Admin says who may read the admin listeners.
type Admin struct {
	Token secret.Source // not set means everyone who reaches them
}

func (c *Config) tls(v *value) {
	c.Listen.TLS = &TLS{}
	seen := v.fields(fields{
		"cert":      filePath(&c.Listen.TLS.Cert),
		"key":       filePath(&c.Listen.TLS.Key),
		"client_ca": filePath(&c.Listen.TLS.ClientCA),
	})
	v.need(seen, "cert", "where is the certificate, with those above it? A PEM file")
	v.need(seen, "key", "where is the certificate's private key? A PEM file")
}

func (c *Config) auth(v *value) {
	seen := v.fields(fields{"keys": func(v *value) { decodeSecret(v, "key", &c.Auth.Keys) }})
	v.need(seen, "keys", "where are the keys? {file: PATH} or {env: NAME}")
}

func (c *Config) admin(v *value) {
	seen := v.fields(fields{"token": func(v *value) { decodeSecret(v, "token", &c.Admin.Token) }})
	v.need(seen, "token", "where is the token? {file: PATH} or {env: NAME}")
}

// CheckAdmin reports an admin listener that other machines reach and that asks
// for no token.
func (c *Config) CheckAdmin() error { return c.File.Errors(c.exposed()) }

// validateAccess reports secrets that are in two places, and what exposed does.
func (c *Config) validateAccess() []rank.FieldError {
	wrong := append(c.Auth.Keys.Validate("auth.keys", "key"), c.Admin.Token.Validate("admin.token", "token")...)
	return append(wrong, c.exposed()...)
}

func (c *Config) exposed() (wrong []rank.FieldError) {
	if c.Admin.Token.Set() {
		return nil
	}
	check := func(path, address string) {
		if !isLoopback(address) {
			wrong = append(wrong, rank.FieldError{Path: path, Message: address + ": other machines reach this; " +
				"set admin.token, {file: PATH} or {env: NAME}, or listen on 127.0.0.1"})
		}
	}
	check("listen.admin", c.Listen.Admin)
	if c.Ingest != nil {
		check("ingest.admin", c.Ingest.Admin)
	}
	return wrong
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" {
		return err == nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
