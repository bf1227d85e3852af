package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/offline/ingest"
)

// ingestHandler serves what `gateway ingest` shows of itself.
func ingestHandler(sources []*ingest.Stats, registry *features.Registry) http.Handler {
	metrics := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rankgate_build_info", Help: "1, with the version of the gateway.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	metrics.MustRegister(&ingestCollector{sources, registry}, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// ingestCollector turns the Stats of all sources into metrics when asked.
type ingestCollector struct {
	sources  []*ingest.Stats
	registry *features.Registry
}

func ingestDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("rankgate_ingest_"+name, help, labels, nil)
}

var (
	ingestEvents = ingestDesc("events_total",
		"Events by what became of them: written, older than the stored row, expired, superseded in their batch, dead.",
		"source", "result")
	ingestDead        = ingestDesc("dead_letters_total", "Events that could not become rows.", "source", "reason")
	ingestRedelivered = ingestDesc("redelivered_total",
		"Events that may have been delivered before, to this process or to one that died; a Kafka topic does not tell.", "source")
	ingestBatches = ingestDesc("batches_total", "Batches written and acknowledged.", "source")
	ingestFailed  = ingestDesc("failed_attempts_total",
		"Attempts that failed and were repeated: read, write, bury, acknowledge.", "source", "step")
	ingestLag = ingestDesc("lag_events",
		"Events that the group has not acknowledged, the same for all its processes; absent while it is not known.", "source")
	ingestDelay = ingestDesc("delay_seconds",
		"Time from an event's arrival at the source, by its clock, until the row could be read.", "source")
	ingestNewest = ingestDesc("last_event_timestamp_seconds",
		"Latest event time written of each view; absent until there is one.", "source", "view")
)

// Describe describes nothing: which labels there are follows from the sources.
func (*ingestCollector) Describe(chan<- *prometheus.Desc) {}

func (c *ingestCollector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.sources {
		count := func(d *prometheus.Desc, n uint64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), append([]string{s.Source}, labels...)...)
		}
		gauge := func(d *prometheus.Desc, n float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, append([]string{s.Source}, labels...)...)
		}
		var dead uint64
		for reason := range s.Dead {
			n := s.Dead[reason].Load()
			count(ingestDead, n, ingest.Reason(reason).String())
			dead += n
		}
		count(ingestEvents, s.Written.Load(), "written")
		count(ingestEvents, s.Older.Load(), "older")
		count(ingestEvents, s.Expired.Load(), "expired")
		count(ingestEvents, s.Superseded.Load(), "superseded")
		count(ingestEvents, dead, "dead")
		count(ingestRedelivered, s.Redelivered.Load())
		count(ingestBatches, s.Batches.Load())
		for step := range s.Failed {
			count(ingestFailed, s.Failed[step].Load(), ingest.Step(step).String())
		}
		if lag := s.Lag.Load(); lag >= 0 {
			gauge(ingestLag, float64(lag))
		}
		for view := range s.Newest {
			if at := s.Newest[view].Load(); at > 0 {
				gauge(ingestNewest, float64(at)/1000, c.registry.Views[view].Name)
			}
		}
		out <- delays(s)
	}
}

// delays is the histogram of a source's delays.
func delays(s *ingest.Stats) prometheus.Metric {
	buckets := make(map[float64]uint64, len(ingest.DelayBounds))
	var below uint64
	for i, bound := range ingest.DelayBounds {
		below += s.Delay.Buckets[i].Load()
		buckets[bound.Seconds()] = below
	}
	all := below + s.Delay.Buckets[len(ingest.DelayBounds)].Load()
	sum := time.Duration(s.Delay.Sum.Load()).Seconds()
	return prometheus.MustNewConstHistogram(ingestDelay, all, sum, buckets, s.Source)
}
