package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// hangups returns a channel of SIGHUPs. From then on the signal no longer ends
// the process, so it is called before anyone can take the gateway for ready.
func hangups() (_ <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// reloadOn reads the keys, the certificates and the features again at each signal,
// until ctx ends.
func (g *gateway) reloadOn(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			g.reloadAccess()
			g.reload(ctx)
		}
	}
}

// reload reads the features again. If that fails, the old ones stay.
func (g *gateway) reload(ctx context.Context) {
	if g.memory == nil {
		g.log.Info("the features are in a remote store; there is nothing to reload")
		return
	}
	start := time.Now()
	if err := g.refill(ctx); err != nil {
		g.log.Error("features were not reloaded, the old ones stay", "error", err)
		return
	}
	g.models.renew(g.memory.Edition())
	g.log.Info("features reloaded", "took", time.Since(start).Round(time.Millisecond))
}

// reloadAccess reads the keys, the token and the certificates again. What is
// broken stays as it was.
func (g *gateway) reloadAccess() {
	if err := g.access.reload(); err != nil {
		g.log.Error("keys were not read again, the old ones stay", "error", err)
	}
	if g.certificates != nil {
		g.certificates.reload()
	}
}
