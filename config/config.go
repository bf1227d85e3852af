package config

import (
	"log/slog"
	"maps"
	"math"
	"net"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/offline/ingest"
	"github.com/rankgate/rankgate/router"
)

// Config is gateway.yaml: each stage's own Config under its section's name.
// Paths in it are seen from the working directory.
type Config struct {
	Listen   Listen
	Auth     Auth
	Admin    Admin
	Edge     edge.Config // sections budget, limits, timeouts and drain
	ONNX     onnx.Config
	Cache    cache.Config
	Batch    batcher.Config
	Features Features
	Models   Models
	Pools    map[string]Pool         // by name
	Routes   map[string]router.Route // by model; a model without one is served in its highest version
	Ingest   *ingest.Config          // nil if the file has no such section
	Log      Log

	// File is where the settings stand; nil if there is no file.
	File *File
}

// Listen says where the gateway answers: "host:port", without a host on all
// interfaces, with port 0 on any that is free.
type Listen struct {
	HTTP  string
	GRPC  string // "" means nowhere
	Admin string
	TLS   *TLS // of HTTP and gRPC; nil means plain TCP

	RepositoryControl bool // whether HTTP and gRPC let callers load and unload models
}

// Features says where features come from.
type Features struct {
	Registry string        // path of features.yaml; "" means that all features come with the request
	Baseline string        // path of the file that holds learned defaults; "" if there is none
	Memory   Memory        // the embedded store
	Redis    *redis.Config // the remote store, in place of the embedded one; nil if there is none
}

// Memory is the embedded store.
type Memory struct {
	Path string // directory of the sources of all views; "" means the registry's
}

// Models says which models there are.
type Models struct {
	Repository string // directory of <name>/<version>/model.onnx
	Default    string // the model of a request that names none; "" means the only one, or none if there are several
}

// Log says what is logged to standard error.
type Log struct {
	Level  slog.Level
	Format string // "text" or "json"
}

// Default is what an empty gateway.yaml in the working directory means.
func Default() Config {
	return Config{
		Listen: Listen{HTTP: ":8080", Admin: "127.0.0.1:9901"},
		Edge:   edge.DefaultConfig(),
		ONNX:   onnx.DefaultConfig(),
		Cache:  cache.DefaultConfig(),
		Batch:  batcher.DefaultConfig(),
		Models: Models{Repository: "models"},
		Log:    Log{Level: slog.LevelInfo, Format: "text"},
	}
}

// Read reads gateway.yaml. A file that can't be read is an error, never a
// reason for defaults. With an error comes what could be read all the same, so
// that more mistakes can be looked for; it must not be served.
func Read(file string) (Config, error) {
	f, err := open(file)
	if err != nil {
		return Config{}, err
	}
	return readConfig(f)
}

// ForDirectories is the Config of someone who has no file: a model repository,
// and features.yaml beside its sources unless features is "".
func ForDirectories(models, features string) (Config, error) {
	c := Default()
	c.Models.Repository = filepath.Clean(models)
	if features == "" {
		return c, nil
	}
	registry := filepath.Join(features, "features.yaml")
	if _, err := readFile(registry, maxFile); err != nil {
		return Config{}, Errors{{File: registry, Message: "can't be read: " + err.Error()}}
	}
	c.Features = Features{Registry: registry, Memory: Memory{Path: filepath.Clean(features)}}
	return c, nil
}

func readConfig(f *File) (Config, error) {
	c := Default()
	c.File = f
	c.Models.Repository = f.resolve(c.Models.Repository)
	err := read(f, c.decode)
	wrong := slices.Concat(c.Edge.Validate(), c.validateAccess(), c.validatePools())
	if c.Features.Redis != nil {
		wrong = append(wrong, c.Features.Redis.Validate()...)
	}
	if c.Ingest != nil {
		wrong = append(wrong, c.Ingest.Validate()...)
	}
	return c, f.add(err, wrong)
}

func (c *Config) decode(v *value) {
	v.fields(fields{
		"listen":   c.listen,
		"auth":     c.auth,
		"admin":    c.admin,
		"budget":   c.budget,
		"limits":   c.limits,
		"timeouts": c.timeouts,
		"drain":    c.drain,
		"onnx":     c.onnx,
		"cache":    c.cache,
		"batch":    c.batch,
		"features": c.features,
		"models":   c.models,
		"pools":    c.pools,
		"routes":   c.routes,
		"ingest":   c.ingest,
		"log":      c.log,
	})
}

func (c *Config) listen(v *value) {
	seen := v.fields(fields{
		"http":               address(&c.Listen.HTTP),
		"grpc":               address(&c.Listen.GRPC),
		"admin":              address(&c.Listen.Admin),
		"tls":                c.tls,
		"repository_control": truth(&c.Listen.RepositoryControl),
	})
	apart := func(name, address, other, taken string) {
		switch {
		case address == "" || !overlap(address, taken):
		case seen[name]:
			v.failIn(name, "%s is taken by listen.%s, %s; the two need a port each", address, other, taken)
		default:
			v.failIn(other, "%s is taken by listen.%s, %s; the two need a port each", taken, name, address)
		}
	}
	apart("admin", c.Listen.Admin, "http", c.Listen.HTTP)
	apart("grpc", c.Listen.GRPC, "http", c.Listen.HTTP)
	apart("grpc", c.Listen.GRPC, "admin", c.Listen.Admin)
}

// overlap reports whether two addresses can't both be listened on.
func overlap(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	everywhere := []string{"", "0.0.0.0", "::"}
	return portA == portB && portA != "0" &&
		(hostA == hostB || slices.Contains(everywhere, hostA) || slices.Contains(everywhere, hostB))
}

// The ranges of the four sections of the edge are its own, see edge.Config.

func (c *Config) budget(v *value) {
	b := &c.Edge.Budget
	seen := v.fields(fields{
		"default": duration(&b.Default, -forever, forever),
		"max":     duration(&b.Max, -forever, forever),
	})
	if b.Default > b.Max && seen["default"] {
		v.failIn("default", "%s is more than budget.max, %s", show(b.Default), show(b.Max))
	}
}

func (c *Config) limits(v *value) {
	l := &c.Edge.Limits
	v.fields(fields{
		"candidates":  count(&l.Candidates, math.MinInt, math.MaxInt),
		"features":    count(&l.Features, math.MinInt, math.MaxInt),
		"body":        size(&l.Body, 0, 1<<62),
		"bodies":      size(&l.Bodies, 0, 1<<62),
		"header":      size(&l.Header, 0, 1<<62),
		"in_flight":   count(&l.InFlight, math.MinInt, math.MaxInt),
		"connections": count(&l.Connections, math.MinInt, math.MaxInt),
	})
}

func (c *Config) timeouts(v *value) {
	v.fields(fields{
		"read":  duration(&c.Edge.Timeouts.Read, -forever, forever),
		"write": duration(&c.Edge.Timeouts.Write, -forever, forever),
		"idle":  duration(&c.Edge.Timeouts.Idle, -forever, forever),
	})
}

func (c *Config) drain(v *value) {
	v.fields(fields{
		"wait":   duration(&c.Edge.Drain.Wait, -forever, forever),
		"linger": duration(&c.Edge.Drain.Linger, -forever, forever),
		"finish": duration(&c.Edge.Drain.Finish, -forever, forever),
	})
}

func (c *Config) onnx(v *value) {
	v.fields(fields{
		"library":          filePath(&c.ONNX.Library),
		"providers":        c.providers,
		"intra_op_threads": count(&c.ONNX.IntraOpThreads, 0, 1024),
		"runners":          count(&c.ONNX.Runners, 0, 1024),
		"item_parts":       size(&c.ONNX.ItemParts, 0, 1<<36),
	})
}

func (c *Config) providers(v *value) {
	names := []string{}
	v.items(func(_ int, item *value) {
		var name string
		word(&name, onnx.TensorRT, onnx.CUDA, onnx.CPU)(item)
		if name != "" && slices.Contains(names, name) {
			item.fail("%s is given twice", name)
		}
		names = append(names, name)
	})
	complete := v.node.Kind == yaml.SequenceNode && len(names) == len(v.node.Content) && !slices.Contains(names, "")
	if complete && (len(names) == 0 || names[len(names)-1] != onnx.CPU) {
		v.fail("must end with cpu, which runs what no other provider can")
	}
	c.ONNX.Providers = names
}

func (c *Config) cache(v *value) {
	v.fields(fields{
		"size":      size(&c.Cache.Size, 0, 1<<40),
		"ttl":       duration(&c.Cache.TTL, 2*cache.Tick, cache.MaxTTL),
		"max_stale": duration(&c.Cache.MaxStale, 0, cache.MaxTTL),
	})
}

func (c *Config) batch(v *value) {
	v.fields(fields{"max_rows": count(&c.Batch.MaxRows, 1, 65536)})
}

func (c *Config) models(v *value) {
	v.fields(fields{
		"repository": filePath(&c.Models.Repository),
		"default":    text(&c.Models.Default),
	})
}

func (c *Config) routes(v *value) {
	c.Routes = map[string]router.Route{}
	v.each(func(name string, v *value) {
		var r router.Route
		v.fields(fields{
			"stable":   version(&r.Stable),
			"canary":   func(v *value) { decodeCanary(v, &r.Canary) },
			"run_on":   func(v *value) { decodePlaces(v, &r.RunOn) },
			"fallback": nonEmpty(&r.Fallback, "the name of a model"),
		})
		if r.Fallback == name {
			v.failIn("fallback", "a model can't stand in for itself")
		}
		if r.Stable != "" && r.Stable == r.Canary.Version {
			v.failIn("canary.version", "%s is the stable version too", r.Stable)
		}
		c.Routes[name] = r
	})
}

// decodePlaces takes the places where a model runs.
func decodePlaces(v *value, into *[]string) {
	v.items(func(_ int, item *value) {
		var place string
		nonEmpty(&place, "the name of a pool, or "+Local)(item)
		switch {
		case place == "":
		case slices.Contains(*into, place):
			item.fail("%s is given twice", quote(place))
		default:
			*into = append(*into, place)
		}
	})
	if v.node.Kind == yaml.SequenceNode && len(v.node.Content) == 0 {
		v.fail("is empty; name the pools that hold the model, or %s", Local)
	}
}

func decodeCanary(v *value, into *router.Canary) {
	seen := v.fields(fields{
		"version": version(&into.Version),
		"percent": percent(&into.Percent),
	})
	v.need(seen, "version", "which version is the canary?")
	v.need(seen, "percent", "how many percent of the users get the canary? 0 leaves it to the X-Canary header")
}

// version takes the name of a version, a number.
func version(into *string) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("the number of a version")
		if !ok {
			return
		}
		if !isVersion(s) {
			v.fail("%s is not a version; versions are 1, 2, 3, … without leading zeros", quote(s))
			return
		}
		*into = s
	}
}

func (c *Config) log(v *value) {
	levels := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	v.fields(fields{
		"level":  oneOf(&c.Log.Level, []string{"debug", "info", "warn", "error"}, levels),
		"format": word(&c.Log.Format, "text", "json"),
	})
}

// sorted returns the keys of m in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
