package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/edge/rpc"
	"github.com/rankgate/rankgate/router"
)

// listeners are where the gateway is reached.
type listeners struct {
	public, grpc, admin net.Listener // grpc is nil if it is not served
	adminServer         *http.Server
}

// newServers makes what answers at the public listeners.
func (g *gateway) newServers() (err error) {
	g.models = &repository{gateway: g, reasons: map[string]string{}}
	g.cfg.Edge.Inference = router.NewInference(g.catalogue, oip.ServerMetadata{
		Name: "rankgate", Version: version, Extensions: []string{"binary_tensor_data", "model_repository", "statistics"},
	}, g.models)
	g.cfg.Edge.Repository = g.cfg.Listen.RepositoryControl
	if g.edge, err = edge.New(g.cfg.Edge, g.router, g.catalogue.Ready, g.log); err != nil || g.cfg.Listen.GRPC == "" {
		return err
	}
	cfg := rpc.Config{Config: g.cfg.Edge, Shared: g.edge.Stats()}
	if g.certificates != nil {
		cfg.TLS = g.certificates.config(overGRPC)
	}
	g.rpc, err = rpc.New(cfg, g.router, g.catalogue.Ready, g.log)
	return err
}

// listen opens all listeners.
func (g *gateway) listen() error {
	opened := []net.Listener{}
	open := func(into *net.Listener, setting, address string) (err error) {
		if *into, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
		opened = append(opened, *into)
		return nil
	}
	err := open(&g.public, "listen.http (--listen)", g.cfg.Listen.HTTP)
	if err == nil && g.rpc != nil {
		err = open(&g.grpc, "listen.grpc", g.cfg.Listen.GRPC)
	}
	if err == nil {
		err = open(&g.admin, "listen.admin (--admin)", g.cfg.Listen.Admin)
	}
	if err != nil {
		for _, l := range opened {
			err = errors.Join(err, l.Close())
		}
		return err
	}
	g.adminServer = &http.Server{Handler: g.access.guard(g.adminHandler()), ReadHeaderTimeout: 5 * time.Second}
	return nil
}

// addresses are those that are listened on, for the log.
func (g *gateway) addresses() []any {
	words := []any{"http", g.public.Addr().String()}
	if g.grpc != nil {
		words = append(words, "grpc", g.grpc.Addr().String())
	}
	return append(words, "admin", g.admin.Addr().String())
}

// server answers at a public listener.
type server interface {
	Serve(ln net.Listener) error
	Drain(ctx context.Context) error
	Shutdown(ctx context.Context) error
}

// servers are the public ones, by what they listen on.
func (g *gateway) servers() map[net.Listener]server {
	all := map[net.Listener]server{g.public: g.edge}
	if g.rpc != nil {
		all[g.grpc] = g.rpc
	}
	return all
}

// run serves until ctx ends, then drains. The admin listener stays until the drain is
// over, so that it can be watched.
func (g *gateway) run(ctx context.Context) error {
	defer g.watchCertificates(ctx)()
	servers := g.servers()
	failed := make(chan error, len(servers)+1)
	for listener, s := range servers {
		go func() { failed <- s.Serve(listener) }()
	}
	go func() { failed <- g.adminServer.Serve(g.admin) }()
	var err error
	select {
	case err = <-failed: // one listener broke: stop the others
		err = errors.Join(err, g.stop(context.WithoutCancel(ctx), server.Shutdown))
	case <-ctx.Done():
		g.log.Info("draining; a second signal ends at once", "wait", g.cfg.Edge.Drain.Wait, "linger", g.cfg.Edge.Drain.Linger)
		err = g.stop(context.WithoutCancel(ctx), server.Drain)
		g.log.Info("drained")
	}
	return errors.Join(err, g.adminServer.Close())
}

// stop ends all public servers side by side.
func (g *gateway) stop(ctx context.Context, how func(server, context.Context) error) error {
	servers := g.servers()
	errs := make(chan error, len(servers))
	for _, s := range servers {
		go func() { errs <- how(s, ctx) }()
	}
	var err error
	for range servers {
		err = errors.Join(err, <-errs)
	}
	return err
}

// watchCertificates starts to watch for new ones, if there are any, until it is
// told to stop.
func (g *gateway) watchCertificates(ctx context.Context) (stop func()) {
	if g.certificates == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := g.certificates.watch(ctx); err != nil {
			g.log.Warn("new certificates are read on SIGHUP only", "error", err)
		}
	}()
	return func() { cancel(); <-done }
}
