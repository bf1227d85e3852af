package monitor

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/rankgate/rankgate/rank"
)

// Metrics counts answered requests. It implements router.Observer.
type Metrics struct {
	registry *prometheus.Registry

	requests   *prometheus.CounterVec
	candidates *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	stages     *prometheus.HistogramVec
	loads      *prometheus.CounterVec
	loaded     prometheus.Gauge
	versions   versionsCollector

	// series caches the metrics of each combination of labels seen, because
	// looking one up by labels costs ten times what adding to it does. The map
	// is replaced, never changed; mu serializes those who replace it.
	series atomic.Pointer[map[labels]*series]
	mu     sync.Mutex
}

// labels names one variant of one model version.
type labels struct{ model, version, variant string }

// series is what one request adds to.
type series struct {
	complete, degraded prometheus.Counter
	duration           prometheus.Observer
	candidates         [rank.NumSources]prometheus.Counter
	stages             [rank.NumStages]prometheus.Observer
}

// buckets bound the latency histograms, in seconds. A ranking is made in tens
// of microseconds to tens of milliseconds.
var buckets = []float64{
	25e-6, 50e-6, 100e-6, 250e-6, 500e-6,
	1e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 10e-3, 15e-3, 20e-3, 30e-3, 50e-3, 75e-3, 100e-3, 200e-3, 500e-3, 1,
}

// New returns metrics in a registry of their own, with those of the process.
func New(version string) *Metrics {
	perVariant := []string{"model", "version", "variant"}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rankgate_requests_total",
			Help: "Ranked requests by outcome: complete, or degraded where a candidate's score is stale or a fallback.",
		}, append(perVariant, "outcome")),
		candidates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rankgate_candidates_total",
			Help: "Candidates by where their score came from.",
		}, append(perVariant, "source")),
		duration: prometheus.NewHistogramVec(latency("rankgate_request_duration_seconds",
			"Time from a request's first byte until its ranking is known."), perVariant),
		stages: prometheus.NewHistogramVec(latency("rankgate_stage_duration_seconds",
			"Time that a request spent in each stage."), append(perVariant, "stage")),
	}
	m.loads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rankgate_feature_loads_total", Help: "Times that all features were read, at start and on SIGHUP, by result.",
	}, []string{"result"})
	m.loaded = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rankgate_feature_load_last_success_timestamp_seconds", Help: "When the features that are served were read.",
	})
	for _, result := range []string{loadDone, loadFailed} {
		m.loads.WithLabelValues(result) // so that both are there from the start
	}
	m.series.Store(&map[labels]*series{})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rankgate_build_info", Help: "1, with the version of the gateway.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.candidates, m.duration, m.stages, m.loads, m.loaded, build, &m.versions,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func latency(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
	}
}

// Observe counts one answered request.
func (m *Metrics) Observe(req *rank.Request, res *rank.Result, err error) {
	if err != nil {
		return // the edge counts refusals by code
	}
	s := m.of(labels{res.Model, res.Version, res.Variant})
	if res.Degraded {
		s.degraded.Inc()
	} else {
		s.complete.Inc()
	}
	s.duration.Observe(time.Since(req.Start).Seconds())
	for source, n := range res.Coverage {
		if n > 0 {
			s.candidates[source].Add(float64(n))
		}
	}
	for stage, d := range res.Stages {
		if d > 0 {
			s.stages[stage].Observe(d.Seconds())
		}
	}
}

// Results of reading all features.
const (
	loadDone   = "done"
	loadFailed = "failed"
)

// FeaturesRead counts one attempt to read all features.
func (m *Metrics) FeaturesRead(ok bool, now time.Time) {
	if !ok {
		m.loads.WithLabelValues(loadFailed).Inc()
		return
	}
	m.loads.WithLabelValues(loadDone).Inc()
	m.loaded.Set(float64(now.UnixMilli()) / 1000)
}

func (m *Metrics) of(l labels) *series {
	if s, ok := (*m.series.Load())[l]; ok { // fast path
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.series.Load()
	if s, ok := old[l]; ok {
		return s
	}
	grown := make(map[labels]*series, len(old)+1)
	maps.Copy(grown, old)
	grown[l] = m.newSeries(l)
	m.series.Store(&grown)
	return grown[l]
}

func (m *Metrics) newSeries(l labels) *series {
	s := &series{
		complete: m.requests.WithLabelValues(l.model, l.version, l.variant, "complete"),
		degraded: m.requests.WithLabelValues(l.model, l.version, l.variant, "degraded"),
		duration: m.duration.WithLabelValues(l.model, l.version, l.variant),
	}
	for source := range s.candidates {
		s.candidates[source] = m.candidates.WithLabelValues(l.model, l.version, l.variant, rank.Source(source).String())
	}
	for stage := range s.stages {
		s.stages[stage] = m.stages.WithLabelValues(l.model, l.version, l.variant, rank.Stage(stage).String())
	}
	return s
}
