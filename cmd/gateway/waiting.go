package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/rank"
)

// misfitGap is how often a check looks whether waiting still makes sense.
const misfitGap = 20 * time.Millisecond

// waitFor returns when a version can be called: at once if it runs in this process, and
// else when a server holds it. A gateway that serves waits for them to be mended; a
// check ends with the mistakes in model.yaml as soon as all of them were found with
// every server.
func (g *gateway) waitFor(ctx context.Context, v *loaded) error {
	if len(v.Places) > len(v.remotes) {
		return nil
	}
	g.log.Info("waiting for a server that holds the version", "model", v.Spec.Name, "version", v.Spec.Version)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	usable := make(chan error, len(v.remotes)) // the first that is sent is the answer
	for _, r := range v.remotes {
		go func() { usable <- r.await(ctx) }()
	}
	var look <-chan time.Time
	if g.patience > 0 {
		ticker := time.NewTicker(misfitGap)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case err := <-usable:
			if err != nil {
				err = fmt.Errorf("no server of the pools %v is well and holds model %s, version %s: %w%s",
					g.cfg.Routes[v.Spec.Name].RunOn, v.Spec.Name, v.Spec.Version, err, v.objections())
			}
			return err
		case <-look:
			if err := v.misfit(); err != nil {
				return err
			}
		}
	}
}

// misfit returns the mistakes in model.yaml for which all servers of a version were
// refused, and nil if one was for another reason, or may yet be found well.
func (v *loaded) misfit() error {
	var mistakes error
	for _, r := range v.remotes {
		servers := r.place.stats().Servers
		if len(servers) == 0 {
			return nil
		}
		for _, s := range servers {
			found, is := errors.AsType[config.Errors](s.Err)
			if !is {
				return nil
			}
			if mistakes == nil {
				mistakes = found
			}
		}
	}
	return mistakes
}

// mostObjections is how many servers a message tells of.
const mostObjections = 4

// objections says what is wrong with the servers of a version, a line each.
func (v *loaded) objections() string {
	var said strings.Builder
	shown := 0
	for _, r := range v.remotes {
		servers := r.place.stats().Servers
		if len(servers) == 0 {
			fmt.Fprintf(&said, "\n  pools.%s.endpoints: no name of these has an address yet", r.place.name)
		}
		for _, s := range servers[:min(len(servers), mostObjections-shown)] {
			fmt.Fprintf(&said, "\n  pools.%s: %s over %v: %s", r.place.name, s.Address, r.place.dialer.Protocol, objection(r.place.name, s))
			shown++
		}
	}
	return said.String()
}

// objection is what keeps calls from a server, without the names that come before it.
func objection(place string, s pool.ServerStats) string {
	if s.Err == nil {
		return "it is " + s.State.String() + ", and has not answered what it holds"
	}
	words := s.Err.Error()
	if coded, ok := errors.AsType[*rank.Error](s.Err); ok {
		words = coded.Message
	}
	return strings.TrimPrefix(words, "pool "+place+": "+s.Address+": ")
}
