package config

import (
	"slices"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/rank"
	"github.com/rankgate/rankgate/secret"
)

// Pool is servers that hold the same models and speak the Open Inference Protocol.
type Pool struct {
	Protocol oip.Protocol
	Servers  pool.Config
	Client   oip.Config // but for its TLS, which is below
	TLS      secret.TLS
}

// Local is the place of models that run in this process; no pool may have the name.
const Local = "local"

func defaultPool(name string) Pool {
	p := Pool{Servers: pool.DefaultConfig(), Client: oip.DefaultConfig()}
	p.Servers.Name, p.Client.Pool = name, name
	return p
}

func (c *Config) pools(v *value) {
	c.Pools = map[string]Pool{}
	v.each(func(name string, v *value) {
		if name == Local || !isModelName(name) {
			v.failAt(v.name, v.path(), "%s can't be a pool's name; a name holds letters, digits, dots, dashes and underscores, "+
				"at most 128 of them, and %s is this process", quote(name), Local)
		}
		p := defaultPool(name)
		decodePool(v, &p)
		c.Pools[name] = p
	})
}

func decodePool(v *value, p *Pool) {
	seen := v.fields(fields{
		"protocol":        oneOf(&p.Protocol, []string{"grpc", "http"}, []oip.Protocol{oip.GRPC, oip.HTTP}),
		"endpoints":       func(v *value) { decodeServers(v, &p.Servers.Endpoints) },
		"max_in_flight":   count(&p.Servers.MaxInFlight, 1, 1<<16),
		"hedge":           func(v *value) { decodeHedge(v, &p.Servers.Hedge) },
		"retry":           func(v *value) { v.fields(fields{"budget": fraction(&p.Servers.Retry.Budget)}) },
		"probe":           func(v *value) { decodeProbe(v, &p.Servers.Probe) },
		"resolve":         duration(&p.Servers.Resolve, 0, day),
		"connect_timeout": duration(&p.Client.ConnectTimeout, time.Millisecond, time.Minute),
		"idle_timeout":    duration(&p.Client.IdleTimeout, time.Millisecond, day),
		"max_response":    size(&p.Client.MaxResponse, 1<<10, 1<<30),
		"tls":             func(v *value) { decodeTLS(v, &p.TLS) },
	})
	v.need(seen, "endpoints", "where are the servers? A list of host:port")
}

func decodeHedge(v *value, h *pool.Hedge) {
	v.fields(fields{"quantile": fraction(&h.Quantile), "budget": fraction(&h.Budget)})
}

func decodeProbe(v *value, p *pool.Probe) {
	v.fields(fields{
		"every":   duration(&p.Every, 10*time.Millisecond, time.Hour),
		"timeout": duration(&p.Timeout, time.Millisecond, time.Minute),
	})
}

// validatePools reports the settings of each pool that can't be served together.
func (c *Config) validatePools() (wrong []rank.FieldError) {
	for _, name := range sorted(c.Pools) {
		p := c.Pools[name]
		if len(p.Servers.Endpoints) == 0 {
			continue // said where the list was missed
		}
		for _, mistake := range p.Servers.Validate() {
			mistake.Path = "pools." + name + "." + mistake.Path
			wrong = append(wrong, mistake)
		}
	}
	return wrong
}

// Remote reports whether a model runs on pools alone.
func (c *Config) Remote(model string) bool {
	places := c.Routes[model].RunOn
	return len(places) > 0 && !slices.Contains(places, Local)
}
