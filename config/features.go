package config

import (
	"path/filepath"
	"time"

	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/secret"
)

// The longest that a fetch of features may take by itself.
const maxFetch = 10 * time.Second

func (c *Config) features(v *value) {
	store := false
	v.fields(fields{
		"registry": filePath(&c.Features.Registry),
		"baseline": filePath(&c.Features.Baseline),
		"store": func(v *value) {
			store = true
			seen := v.fields(fields{
				"memory": func(v *value) { v.fields(fields{"path": filePath(&c.Features.Memory.Path)}) },
				"redis":  c.redis,
			})
			if seen["memory"] && seen["redis"] {
				v.failIn("redis", "a store is in memory or in redis; remove one")
			}
		},
	})
	switch {
	case c.Features.Registry != "" && c.Features.Memory.Path == "":
		c.Features.Memory.Path = filepath.Dir(c.Features.Registry)
	case c.Features.Registry == "" && store:
		v.failIn("registry", "missing: without features.yaml the store has no views")
	}
}

func (c *Config) redis(v *value) {
	cfg := redis.DefaultConfig()
	c.Features.Redis = &cfg
	modes := []redis.Mode{redis.Standalone, redis.Sentineled, redis.Cluster}
	layouts := []redis.Layout{redis.Packed, redis.Feast}
	seen := v.fields(fields{
		"addresses":   func(v *value) { decodeServers(v, &cfg.Addresses) },
		"mode":        oneOf(&cfg.Mode, []string{"standalone", "sentinel", "cluster"}, modes),
		"sentinel":    func(v *value) { decodeSentinel(v, &cfg.Sentinel) },
		"username":    text(&cfg.Credentials.Username),
		"password":    func(v *value) { decodeSecret(v, "password", &cfg.Credentials.Password) },
		"database":    count(&cfg.Database, 0, 1<<20),
		"tls":         func(v *value) { decodeTLS(v, &cfg.TLS) },
		"connections": count(&cfg.Connections, 1, 64),
		"layout":      oneOf(&cfg.Layout, []string{"packed", "feast"}, layouts),
		"prefix":      nonEmpty(&cfg.Prefix, "the first part of every key"),
		"project":     nonEmpty(&cfg.Project, "the name of the Feast project"),
		"key_version": count(&cfg.KeyVersion, 2, 3),
		"key_ttl":     duration(&cfg.KeyTTL, time.Second, forever),
		"timeout":     duration(&cfg.Timeout, time.Millisecond, maxFetch),
		"max_fetches": count(&cfg.MaxFetches, 1, 1<<16),
		"cache": func(v *value) {
			v.fields(fields{
				"size":         size(&cfg.Cache.Size, 0, 1<<40),
				"ttl":          duration(&cfg.Cache.TTL, time.Millisecond, maxRowTTL),
				"negative_ttl": duration(&cfg.Cache.Negative, 0, maxRowTTL),
			})
		},
	})
	v.need(seen, "addresses", "where is the server? A list of host:port")
	for _, name := range []string{"project", "key_version"} {
		if seen[name] && cfg.Layout != redis.Feast {
			v.failIn(name, "has no effect in the packed layout; set layout: feast or remove it")
		}
	}
}

// decodeServers takes a list of addresses, each of a server and so with a host.
func decodeServers(v *value, into *[]string) {
	v.items(func(_ int, item *value) {
		var s string
		address(&s)(item)
		switch {
		case s == "":
		case s[0] == ':':
			item.fail("%s names no host; write host:port", quote(s))
		default:
			*into = append(*into, s)
		}
	})
}

func decodeSentinel(v *value, into *redis.Sentinel) {
	seen := v.fields(fields{
		"master":   nonEmpty(&into.Master, "the name under which the sentinels know the master"),
		"username": text(&into.Credentials.Username),
		"password": func(v *value) { decodeSecret(v, "password", &into.Credentials.Password) },
	})
	v.need(seen, "master", "under which name do the sentinels know the master?")
}

func decodeTLS(v *value, into *secret.TLS) {
	into.On = true
	v.fields(fields{
		"ca":          filePath(&into.CA),
		"cert":        filePath(&into.Cert),
		"key":         filePath(&into.Key),
		"server_name": text(&into.ServerName),
	})
}
