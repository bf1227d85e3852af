package oip_test

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/certtest"
	"github.com/rankgate/rankgate/rank"
)

func TestServersAreCalledOverTLSAndMustBeWhoWasAskedFor(t *testing.T) {
	authority := certtest.NewAuthority(t)
	server := oiptest.Config{TLS: &tls.Config{
		Certificates: []tls.Certificate{authority.Certificate("server")},
		ClientCAs:    authority.Pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}}
	client := &tls.Config{RootCAs: authority.Pool, Certificates: []tls.Certificate{authority.Certificate("client")}}
	eachProtocol(t, server, oip.Config{TLS: client}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		reply, err := c.Infer(t.Context(), message(3))
		if err != nil {
			t.Fatal(err)
		}
		scores(t, reply, 3)
	})
	eachProtocol(t, server, oip.Config{TLS: client, Authority: "models.local:8001"}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		_, err := c.Infer(t.Context(), message(3))
		fails(t, err, rank.Unavailable, "models.local")
	})
}

// The first handshake takes longer than any call may, and there is no second one.
func TestAConnectionIsMadeThoughNoCallCanWaitForIt(t *testing.T) {
	authority := certtest.NewAuthority(t)
	own := &tls.Config{Certificates: []tls.Certificate{authority.Certificate("server")}}
	first, release := make(chan struct{}, 1), make(chan struct{})
	first <- struct{}{}
	s := oiptest.Start(t, oiptest.Config{TLS: &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		select {
		case <-first:
			<-release
			return own, nil
		default:
			return nil, errors.New("one handshake was enough")
		}
	}}})
	c := dialed(t, oip.DialHTTP(s.HTTP, oip.Config{Pool: "gpu", ConnectTimeout: time.Minute, TLS: &tls.Config{RootCAs: authority.Pool}}), nil)
	call := func(budget time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		reply, err := c.Infer(ctx, message(1))
		if err == nil {
			reply.Release()
		}
		return err
	}
	fails(t, call(20*time.Millisecond), rank.DeadlineExceeded)
	close(release)
	for ctx := t.Context(); call(time.Second) != nil; {
		if ctx.Err() != nil {
			t.Fatal("no call was answered")
		}
	}
}
