package monitor

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
)

// Sources are the stages that all models share, whose Stats are read at each
// scrape.
type Sources struct {
	Edge   *edge.Stats // of HTTP, and what all public listeners hold at a time
	GRPC   *edge.Stats // nil unless gRPC is served
	Cache  func() cache.Stats
	Memory func() []features.ViewInfo // nil unless the feature store is embedded
	Redis  func() redis.Stats         // nil unless it is remote
	Pools  []PoolSource

	Providers map[string]bool // those of onnx.providers; false for one that is missing
}

// VersionSource is what one loaded model version counts.
type VersionSource struct {
	Model, Version string
	Features       *features.Stats
	Batchers       []BatcherSource
	Parts          func() (known, computed uint64) // nil unless what items contribute to the first layer is kept
}

// BatcherSource is the batcher of a version at one of the places where it runs:
// "local", or a pool.
type BatcherSource struct {
	Backend string
	Stats   func() batcher.Stats
}

// Watch adds the shared stages to what is scraped. It may be called once.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(&sharedCollector{s}) }

// WatchVersions makes versions those that are scraped.
func (m *Metrics) WatchVersions(versions []VersionSource) { m.versions.of.Store(&versions) }

// Collectors turn Stats into metrics when they are asked for. They describe
// nothing beforehand: which labels there are follows from what is loaded.
type (
	sharedCollector   struct{ Sources }
	versionsCollector struct {
		of atomic.Pointer[[]VersionSource] // replaced whole; nil before there are any
	}
)

// perBatcher labels a batcher: that of a version at one of its places.
var perBatcher = []string{"model", "version", "backend"}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("rankgate_"+name, help, labels, nil)
}

var (
	edgeInFlight    = desc("http_requests_in_flight", "Requests being answered now, over gRPC too.")
	edgeBodiesHeld  = desc("http_request_bodies_held_bytes", "Bytes of request bodies that are being read or ranked, over gRPC too.")
	edgeConnections = desc("http_connections", "Connections open now, of gRPC too.")

	overHTTP = listenerDescs("http")
	overGRPC = listenerDescs("grpc")

	cacheLookups = desc("cache_lookups_total", "Candidates looked up in the score cache: hit, stale or miss.", "result")
	cacheStored  = desc("cache_stored_total", "Scores taken into the score cache.")
	cacheRefused = desc("cache_refused_total", "Scores that the score cache had no room for.")
	cacheBlocks  = desc("cache_blocks", "Entries of the score cache: one or two for each (version, user, context).")
	cacheBytes   = desc("cache_bytes", "Memory taken by the score cache's entries.")

	providerUsable = desc("onnx_provider_usable",
		"1 for each of onnx.providers that models can run on, 0 if it is missing and the next one is used.", "provider")

	viewRows      = desc("feature_view_rows", "Rows held of each view.", "view")
	viewNonFinite = desc("feature_view_nonfinite_values", "Values that were NaN or infinite in the source and count as null.", "view")
	viewNewest    = desc("feature_view_last_event_timestamp_seconds", "Latest event time of each view; absent if rows carry none.", "view")

	featureRows    = desc("feature_rows_total", "Feature rows asked for, by what was found.", "model", "version", "view", "status")
	featureLeftOut = desc("feature_left_out_total", "Candidates not scored because a field of theirs is broken.", "model", "version")

	itemParts = desc("item_parts_total",
		"Rows by whether what their item contributes to the first layer was known or had to be computed.", "model", "version", "result")

	batchRows    = desc("batch_rows", "Rows of each forward pass.", perBatcher...)
	batchMembers = desc("batch_requests_total", "Requests in forward passes; over batch_rows_count, the mean batch.", perBatcher...)
	batchDropped = desc("batch_dropped_total", "Requests not scored: late, or their caller gone.", "model", "version", "backend", "reason")
	batchFailed  = desc("batch_failed_total", "Forward passes that returned an error, which the log names.", perBatcher...)
	batchBadRows = desc("batch_bad_rows_total", "Rows that the model refused.", perBatcher...)
	batchQueued  = desc("batch_queued_rows", "Rows that wait for a forward pass now.", perBatcher...)
)

func (*sharedCollector) Describe(chan<- *prometheus.Desc)   {}
func (*versionsCollector) Describe(chan<- *prometheus.Desc) {}

func (c *sharedCollector) Collect(out chan<- prometheus.Metric) {
	c.collectEdge(counterTo(out), gaugeTo(out))
	c.collectCache(counterTo(out), gaugeTo(out))
	c.collectProviders(gaugeTo(out))
	if c.Memory != nil {
		c.collectViews(gaugeTo(out))
	}
	if c.Redis != nil {
		collectRedis(out, c.Redis())
	}
	for _, p := range c.Pools {
		collectPool(out, p)
	}
}

func (c *versionsCollector) Collect(out chan<- prometheus.Metric) {
	versions := c.of.Load()
	if versions == nil {
		return
	}
	for i := range *versions {
		v := &(*versions)[i]
		v.collectFeatures(counterTo(out))
		for j := range v.Batchers {
			v.collectBatcher(&v.Batchers[j], out, counterTo(out), gaugeTo(out))
		}
	}
}

func counterTo(out chan<- prometheus.Metric) counterFunc {
	return func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
}

func gaugeTo(out chan<- prometheus.Metric) gaugeFunc {
	return func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
}

type (
	counterFunc func(d *prometheus.Desc, n uint64, labels ...string)
	gaugeFunc   func(d *prometheus.Desc, n int, labels ...string)
)

func (c *sharedCollector) collectEdge(counter counterFunc, gauge gaugeFunc) {
	overHTTP.collect(counter, c.Edge)
	if c.GRPC != nil {
		overGRPC.collect(counter, c.GRPC)
	}
	gauge(edgeInFlight, int(c.Edge.InFlight.Load()))
	gauge(edgeBodiesHeld, int(c.Edge.BodiesHeld.Load()))
	gauge(edgeConnections, int(c.Edge.Connections.Load()))
}

func (c *sharedCollector) collectCache(counter counterFunc, gauge gaugeFunc) {
	s := c.Cache()
	counter(cacheLookups, s.Hits, "hit")
	counter(cacheLookups, s.Stale, "stale")
	counter(cacheLookups, s.Misses, "miss")
	counter(cacheStored, s.Stored)
	counter(cacheRefused, s.Refused)
	gauge(cacheBlocks, s.Blocks)
	gauge(cacheBytes, s.Bytes)
}

func (c *sharedCollector) collectProviders(gauge gaugeFunc) {
	for name, usable := range c.Providers {
		n := 0
		if usable {
			n = 1
		}
		gauge(providerUsable, n, name)
	}
}

func (c *sharedCollector) collectViews(gauge gaugeFunc) {
	for _, v := range c.Memory() {
		gauge(viewRows, v.Rows, v.Name)
		gauge(viewNonFinite, v.NonFinite, v.Name)
		if !v.Newest.IsZero() {
			gauge(viewNewest, int(v.Newest.Unix()), v.Name)
		}
	}
}

func (v *VersionSource) collectFeatures(counter counterFunc) {
	for i := range v.Features.Views {
		view := &v.Features.Views[i]
		for status := range view.Rows {
			counter(featureRows, view.Rows[status].Load(), v.Model, v.Version, view.View, rank.Status(status).String())
		}
	}
	counter(featureLeftOut, v.Features.LeftOut.Load(), v.Model, v.Version)
	if v.Parts != nil {
		known, computed := v.Parts()
		counter(itemParts, known, v.Model, v.Version, "known")
		counter(itemParts, computed, v.Model, v.Version, "computed")
	}
}

func (v *VersionSource) collectBatcher(b *BatcherSource, out chan<- prometheus.Metric, counter counterFunc, gauge gaugeFunc) {
	s := b.Stats()
	sizes := make(map[float64]uint64, len(s.Sizes))
	var below uint64
	for i, n := range s.Sizes[:len(s.Sizes)-1] { // the last is +Inf
		below += n
		sizes[float64(int(1)<<i)] = below
	}
	all := below + s.Sizes[len(s.Sizes)-1] // not Passes, which was read a moment before
	out <- prometheus.MustNewConstHistogram(batchRows, all, float64(s.Rows), sizes, v.Model, v.Version, b.Backend)
	counter(batchMembers, s.Requests, v.Model, v.Version, b.Backend)
	counter(batchDropped, s.Late, v.Model, v.Version, b.Backend, "late")
	counter(batchDropped, s.Gone, v.Model, v.Version, b.Backend, "gone")
	counter(batchFailed, s.Failed, v.Model, v.Version, b.Backend)
	counter(batchBadRows, s.BadRows, v.Model, v.Version, b.Backend)
	gauge(batchQueued, s.Queued, v.Model, v.Version, b.Backend)
}
