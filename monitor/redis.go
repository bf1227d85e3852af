package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rankgate/rankgate/features/redis"
)

var (
	storeRows = desc("feature_cache_requests_total",
		"Rows of a remote store asked for: hit, miss, or joined to a fetch under way.", "view", "result")
	storeLastKnown = desc("feature_cache_last_known_total", "Rows that could not be read and that the one known last stood in for.", "view")
	storeKept      = desc("feature_cache_rows", "Decoded rows kept.", "view")
	storeBytes     = desc("feature_cache_bytes", "Memory of the decoded rows kept.", "view")
	storeTracked   = desc("feature_cache_tracked", "1 if the server tells of changed rows, 0 if they are true for their TTL alone.", "view")

	storeFetches  = desc("feature_fetch_duration_seconds", "Round trips to the feature store.")
	storeInFlight = desc("feature_fetches_in_flight", "Round trips to the feature store in progress.")
	storeFailed   = desc("feature_fetch_failed_rows_total", "Rows that could not be read, by reason.", "reason")
	storeChanged  = desc("feature_invalidations_total", "Keys of which the server told that they changed.")
	storeFlushes  = desc("feature_flushes_total", "Times that any row may have changed: a connection was lost, or the server emptied.")
	storeOpened   = desc("feature_breaker_opened_total", "Times that the feature store's breaker opened.")
	storeOpen     = desc("feature_breaker_open", "1 while the feature store is not asked because it failed.")

	materializedAt    = desc("materialize_last_success_timestamp_seconds", "When each view was last materialized.", "view")
	materializedRows  = desc("materialize_last_rows", "Source rows read by each view's latest materialization.", "view")
	materializedEvent = viewNewest
)

func collectRedis(out chan<- prometheus.Metric, s redis.Stats) {
	counter, gauge := counterTo(out), gaugeTo(out)
	for i := range s.Views {
		collectRedisView(counter, gauge, &s.Views[i], out)
	}
	for reason, n := range s.Failed {
		counter(storeFailed, n, redis.Reason(reason).String())
	}
	counter(storeChanged, s.Invalidations)
	counter(storeFlushes, s.Flushes)
	counter(storeOpened, s.Opened)
	gauge(storeOpen, flag(s.Open))
	gauge(storeInFlight, s.InFlight)
	below, buckets := uint64(0), make(map[float64]uint64, len(redis.FetchBuckets))
	for i, bound := range redis.FetchBuckets {
		below += s.FetchTimes[i]
		buckets[bound.Seconds()] = below
	}
	out <- prometheus.MustNewConstHistogram(storeFetches, s.Fetches, s.FetchSeconds, buckets)
}

func collectRedisView(counter counterFunc, gauge gaugeFunc, v *redis.ViewStats, out chan<- prometheus.Metric) {
	counter(storeRows, v.Hits, v.View, "hit")
	counter(storeRows, v.Fetched, v.View, "miss") // a difference of counters read one by one may go down
	counter(storeRows, v.Joined, v.View, "joined")
	counter(storeLastKnown, v.LastKnown, v.View)
	gauge(storeKept, v.Rows, v.View)
	gauge(storeBytes, v.Bytes, v.View)
	gauge(storeTracked, flag(v.Tracked), v.View)
	if m := v.Materialized; m.LastSuccess > 0 {
		out <- prometheus.MustNewConstMetric(materializedAt, prometheus.GaugeValue, m.LastSuccess, v.View)
		gauge(materializedRows, int(m.Rows), v.View)
		if m.NewestEvent > 0 {
			out <- prometheus.MustNewConstMetric(materializedEvent, prometheus.GaugeValue, m.NewestEvent, v.View)
		}
	}
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
