package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/rankgate/rankgate/backends/pool"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
)

// watched returns metrics of every kind with something in them.
func watched(t *testing.T) *Metrics {
	t.Helper()
	m := New("test")
	m.Watch(Sources{
		Edge:   &edge.Stats{},
		GRPC:   &edge.Stats{},
		Cache:  func() cache.Stats { return cache.Stats{Hits: 3} },
		Memory: func() []features.ViewInfo { return []features.ViewInfo{{Name: "user_stats", Newest: time.Unix(7, 0)}} },
		Pools: []PoolSource{{"gpu", func() pool.Stats {
			return pool.Stats{Calls: 5, Servers: []pool.ServerStats{{Address: "10.0.0.1:8001", State: pool.Ejected}}}
		}}},
		Providers: map[string]bool{"cuda": false, "cpu": true},
		Redis: func() redis.Stats {
			return redis.Stats{Views: []redis.ViewStats{{View: "item_stats", Materialized: redis.Materialized{LastSuccess: 9, NewestEvent: 8}}}}
		},
	})
	m.WatchVersions([]VersionSource{{
		Model: "ranker", Version: "3",
		Features: &features.Stats{Views: []features.ViewStats{{View: "user_stats"}}},
		Parts:    func() (known, computed uint64) { return 30, 4 },
		Batchers: []BatcherSource{{Backend: "local", Stats: func() batcher.Stats {
			return batcher.Stats{Passes: 3, Rows: 321, Sizes: [batcher.NumSizes]uint64{0: 1, 5: 1, batcher.NumSizes - 1: 1}}
		}}},
	}})
	m.Observe(request(), result(), nil)
	m.FeaturesRead(true, time.Unix(5, 0))
	m.FeaturesRead(false, time.Unix(6, 0))
	return m
}

func request() *rank.Request { return &rank.Request{Start: time.Now()} }

func result() *rank.Result {
	return &rank.Result{
		Model: "ranker", Version: "3", Variant: "stable",
		Coverage: [rank.NumSources]int{rank.SourceModel: 2, rank.SourceCache: 5},
		Stages:   rank.Stages{rank.StageInfer: time.Millisecond},
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(watched(t).registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestABatchHistogramHoldsEveryPass(t *testing.T) {
	families, err := watched(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "rankgate_batch_rows" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if h.GetSampleCount() != 3 || h.GetSampleSum() != 321 || below(h, 1) != 1 || below(h, 32) != 2 || below(h, 4096) != 2 {
			t.Errorf("rankgate_batch_rows is %v", h)
		}
		return
	}
	t.Error("there is no rankgate_batch_rows")
}

func TestPartsOfItemsAreCountedWhereTheyAreKept(t *testing.T) {
	m := watched(t)
	const want = `
# HELP rankgate_item_parts_total Rows by whether what their item contributes to the first layer was known or had to be computed.
# TYPE rankgate_item_parts_total counter
rankgate_item_parts_total{model="ranker",result="computed",version="3"} 4
rankgate_item_parts_total{model="ranker",result="known",version="3"} 30
`
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), "rankgate_item_parts_total"); err != nil {
		t.Error(err)
	}
	m.WatchVersions([]VersionSource{{Model: "ranker", Version: "4", Features: &features.Stats{}}})
	if n, err := testutil.GatherAndCount(m.registry, "rankgate_item_parts_total"); n != 0 || err != nil {
		t.Errorf("a version that keeps none has %d such counters, %v", n, err)
	}
}

// below returns how many samples the bucket with that upper bound counts.
func below(h *dto.Histogram, bound float64) uint64 {
	for _, b := range h.GetBucket() {
		if b.GetUpperBound() == bound {
			return b.GetCumulativeCount()
		}
	}
	return 0
}

func TestObservingAllocatesNothing(t *testing.T) {
	m, req, res := watched(t), request(), result()
	if n := testing.AllocsPerRun(100, func() { m.Observe(req, res, nil) }); n != 0 {
		t.Errorf("Observe allocates %v times; want 0", n)
	}
}
