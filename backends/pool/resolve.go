package pool

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"
)

// followNames looks the endpoints up, now and then again, and adds and drops
// servers accordingly. Calls in flight to one that is dropped end undisturbed.
func (p *Pool[C]) followNames(ctx context.Context) {
	var addresses []target // they need not wait for the names
	for _, endpoint := range p.cfg.Endpoints {
		if !IsName(endpoint) {
			addresses = append(addresses, target{endpoint, endpoint})
		}
	}
	p.keep(ctx, addresses)
	known := make(map[string][]target) // by endpoint
	for {
		p.keep(ctx, p.resolve(ctx, known))
		if p.cfg.Resolve == 0 || !slices.ContainsFunc(p.cfg.Endpoints, IsName) {
			return
		}
		timer := time.NewTimer(p.cfg.Resolve)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// target is where a server is, and what the settings call it.
type target struct{ address, endpoint string }

// resolve returns the servers of all endpoints, each address once. An endpoint that
// can't be looked up keeps those that it had: whether they still answer is for the
// probes to say.
func (p *Pool[C]) resolve(ctx context.Context, known map[string][]target) []target {
	var all []target
	for _, endpoint := range p.cfg.Endpoints {
		if !IsName(endpoint) {
			all = append(all, target{endpoint, endpoint})
			continue
		}
		targets, err := p.lookup(ctx, endpoint)
		if err == nil {
			known[endpoint] = targets
		} else if ctx.Err() == nil {
			p.log.Warn("can't look a server up", "endpoint", endpoint, "kept", len(known[endpoint]), "error", err)
		}
		all = append(all, known[endpoint]...)
	}
	byAddress := func(a, b target) int { return strings.Compare(a.address, b.address) }
	slices.SortStableFunc(all, byAddress)
	return slices.CompactFunc(all, func(a, b target) bool { return a.address == b.address })
}

const lookupTimeout = 5 * time.Second

// lookup returns a name's addresses, all of one family: a server that has both
// would be taken for two, and hedged against itself.
func (p *Pool[C]) lookup(ctx context.Context, endpoint string) ([]target, error) {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil, err
	}
	lookup := p.cfg.lookup
	if lookup == nil {
		lookup = systemLookup
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	ips, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	isV4 := func(ip net.IP) bool { return ip.To4() != nil }
	wantV4 := slices.ContainsFunc(ips, isV4)
	var targets []target
	for _, ip := range ips {
		if isV4(ip) == wantV4 {
			targets = append(targets, target{net.JoinHostPort(ip.String(), port), endpoint})
		}
	}
	return targets, nil
}

func systemLookup(ctx context.Context, host string) ([]net.IP, error) {
	return net.DefaultResolver.LookupIP(ctx, "ip", host)
}

// keep makes the pool's servers be the targets.
func (p *Pool[C]) keep(ctx context.Context, targets []target) {
	p.mu.Lock()
	servers := slices.Clone(p.servers)
	p.mu.Unlock()
	for _, s := range servers {
		if !slices.ContainsFunc(targets, func(t target) bool { return t.address == s.address }) && ctx.Err() == nil {
			p.drop(s)
		}
	}
	for _, t := range targets {
		if !slices.ContainsFunc(servers, func(s *server[C]) bool { return s.address == t.address }) {
			p.add(ctx, t)
		}
	}
}

// IsName reports whether an endpoint's host is a name rather than an address.
func IsName(endpoint string) bool {
	host, _, err := net.SplitHostPort(endpoint)
	return err == nil && net.ParseIP(host) == nil
}
