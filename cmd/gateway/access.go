package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/edge"
)

// access is who may reach the listeners.
type access struct {
	cfg   *config.Config
	keys  *edge.Keys // of the public listeners; nil if they ask for none
	token *edge.Keys // of the admin listener, holds one; nil if it asks for none
}

// openAccess reads the keys and the token for the first time.
func openAccess(cfg *config.Config) (*access, error) {
	a, err := openAdmin(cfg)
	if cfg.Auth.Keys.Set() {
		a.keys = &edge.Keys{}
		err = config.Join(err, a.reloadKeys())
	}
	return a, err
}

// openAdmin reads the token alone, for those who have no public listener.
func openAdmin(cfg *config.Config) (*access, error) {
	a := &access{cfg: cfg}
	if cfg.Admin.Token.Set() {
		a.token = &edge.Keys{}
	}
	return a, a.reload()
}

// reload reads the keys and the token again. What can't be read stays as it was.
func (a *access) reload() error {
	var unread []error
	if a.keys != nil {
		unread = append(unread, a.reloadKeys())
	}
	if a.token != nil {
		token, err := a.cfg.Admin.Token.Read("admin.token")
		if err == nil {
			err = a.token.Replace(fmt.Sprintf("token %x", sha256.Sum256([]byte(token))))
		}
		unread = append(unread, a.cfg.File.Place(err))
	}
	return config.Join(unread...)
}

func (a *access) reloadKeys() error {
	text, err := a.cfg.Auth.Keys.Read("auth.keys")
	if err == nil {
		if err = a.keys.Replace(text); err != nil {
			err = a.cfg.Auth.Keys.Wrong("auth.keys", err)
		}
	}
	return a.cfg.File.Place(err)
}

// guard lets only those with the token through, everyone if there is none.
func (a *access) guard(next http.Handler) http.Handler {
	if a.token == nil {
		return next
	}
	const refusal = `{"error":{"code":"unauthorized","message":"token: missing or wrong; send Authorization: Bearer TOKEN (admin.token)"}}`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := edge.Credential([]byte(r.Header.Get("Authorization")), nil)
		if v := a.token.Check(token, time.Now()); v.Refused != nil {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(refusal))
			return
		}
		next.ServeHTTP(w, r)
	})
}
