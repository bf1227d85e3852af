package pool

import (
	"context"
	"net"
	"slices"
	"time"
)

// followNames looks the endpoints up, now and then again, and adds and drops
// servers accordingly. Calls in flight to one that is dropped end undisturbed.
func (p *Pool[C]) followNames(ctx context.Context) {
	known := make(map[string][]string) // addresses by endpoint
	for {
		p.keep(ctx, p.resolve(ctx, known))
		if p.cfg.Resolve == 0 || !slices.ContainsFunc(p.cfg.Endpoints, isName) {
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

// resolve returns the addresses of all endpoints. One that can't be looked up
// keeps those that it had: whether they still answer is for the probes to say.
func (p *Pool[C]) resolve(ctx context.Context, known map[string][]string) []string {
	var all []string
	for _, endpoint := range p.cfg.Endpoints {
		if !isName(endpoint) {
			all = append(all, endpoint)
			continue
		}
		addresses, err := p.lookup(ctx, endpoint)
		if err == nil {
			known[endpoint] = addresses
		} else if ctx.Err() == nil {
			p.log.Warn("can't look a server up", "endpoint", endpoint, "kept", len(known[endpoint]), "error", err)
		}
		all = append(all, known[endpoint]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

const lookupTimeout = 5 * time.Second

// lookup returns a name's addresses, all of one family: a server that has both
// would be taken for two, and hedged against itself.
func (p *Pool[C]) lookup(ctx context.Context, endpoint string) ([]string, error) {
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
	oneFamily := slices.ContainsFunc(ips, isV4)
	var addresses []string
	for _, ip := range ips {
		if isV4(ip) == oneFamily {
			addresses = append(addresses, net.JoinHostPort(ip.String(), port))
		}
	}
	return addresses, nil
}

func systemLookup(ctx context.Context, host string) ([]net.IP, error) {
	return net.DefaultResolver.LookupIP(ctx, "ip", host)
}

// keep makes the pool's servers be those with the given addresses.
func (p *Pool[C]) keep(ctx context.Context, addresses []string) {
	p.mu.Lock()
	servers := slices.Clone(p.servers)
	p.mu.Unlock()
	for _, s := range servers {
		if !slices.Contains(addresses, s.address) && ctx.Err() == nil {
			p.drop(s)
		}
	}
	for _, a := range addresses {
		if !slices.ContainsFunc(servers, func(s *server[C]) bool { return s.address == a }) {
			p.add(ctx, a)
		}
	}
}

// isName reports whether an endpoint's host is a name rather than an address.
func isName(endpoint string) bool {
	host, _, err := net.SplitHostPort(endpoint)
	return err == nil && net.ParseIP(host) == nil
}
