package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/offline/ingest"
	"github.com/rankgate/rankgate/offline/ingest/kafkatest"
)

// itemEvent gives an item of the arithmetic repository its number.
func itemEvent(item string, number int, at time.Time) string {
	return fmt.Sprintf(`{"view":"item_stats","item":%q,"event_time":%d,"columns":{"number":%d}}`, item, at.UnixMilli(), number)
}

// TestAnEventIsInTheRankingWithinASecond sends events through a real broker and a
// real stream, `gateway ingest` and a real store to the rankings of a gateway that
// has the rows before in its caches.
func TestAnEventIsInTheRankingWithinASecond(t *testing.T) {
	server, broker := redistest.Start(t), kafkatest.Start(t, "features")
	files := arithmetic(t)
	files["gateway.yaml"] = fmt.Sprintf(`
listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
models: {default: sum}
features: {registry: features.yaml, store: {redis: {addresses: [%q]}}}
drain: {wait: 0s, linger: 50ms}
ingest: {admin: "127.0.0.1:0", redis: {}, kafka: {brokers: [%q], topics: [features]}}
`, server.Addr, broker.Addr)
	cfg, err := config.Read(filepath.Join(tree(t, files), "gateway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := compose(cfg, newLogger(config.Log{Level: 8}), fromFiles(&cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.close)
	if err := g.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, stats := start(t, g), ingesting(t, cfg)
	score := func(item string) float64 {
		r, _ := f.rank(t, "/rank", fmt.Sprintf(`{"user":1,"items":[%q],"budget_ms":2000}`, item))
		return r.Items[0].Score
	}
	for source, send := range map[string]func(event string){"redis": toStream(t, server.Addr), "kafka": toTopic(t, broker.Addr)} {
		send(itemEvent(source, 1, time.Now())) // by then the group has been joined
		until(func() bool { return score(source) == 1 })
		for number := 2; number < 12; number++ {
			began := time.Now()
			send(itemEvent(source, number, began))
			until(func() bool { return score(source) == float64(number) })
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s: the ranking followed after %s", source, took)
			}
		}
		send(itemEvent(source, 99, time.Now().Add(-time.Hour)))
		send("nonsense")
	}
	for _, s := range stats {
		until(func() bool { return s.Dead[ingest.Malformed].Load() == 1 && s.Lag.Load() == 0 })
		if written, older := s.Written.Load(), s.Older.Load(); written != 11 || older != 1 {
			t.Errorf("%s: %d written, %d older; want 11 and 1", s.Source, written, older)
		}
		if got := score(s.Source); got != 11 {
			t.Errorf("%s: after an event of an hour ago the score is %v; want 11", s.Source, got)
		}
	}
}

// ingesting runs what `gateway ingest` runs until the test ends.
func ingesting(t *testing.T, cfg config.Config) []*ingest.Stats {
	t.Helper()
	in, err := openIngestion(t.Context(), cfg, newLogger(config.Log{Level: 8}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		in.client.Close()
	})
	return in.Stats()
}

func toStream(t *testing.T, addr string) func(event string) {
	cfg := redis.DefaultConfig()
	cfg.Addresses = []string{addr}
	client, err := redis.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return func(event string) {
		add := client.B().Xadd().Key("features").Id("*").FieldValue().FieldValue("event", event).Build()
		if err := client.Do(t.Context(), add).Error(); err != nil {
			t.Fatal(err)
		}
	}
}

func toTopic(t *testing.T, addr string) func(event string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("features"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return func(event string) {
		if err := client.ProduceSync(t.Context(), kgo.StringRecord(event)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIngestTellsMistakesApart(t *testing.T) {
	good := servedFiles(t)
	server := redistest.Start(t)
	with := func(lines string) string {
		files := maps.Clone(good)
		files["gateway.yaml"] = lines
		return filepath.Join(tree(t, files), "gateway.yaml")
	}
	store := fmt.Sprintf("features: {registry: features.yaml, store: {redis: {addresses: [%q]}}}\n", server.Addr)
	for _, c := range []struct {
		code  int
		words string
		args  []string
	}{
		{exitUsage, "name a configuration file", []string{}},
		{exitUsage, "unknown command", []string{"models"}},
		{exitInvalid, "ingest: missing", []string{"-c", with(store)}},
		{exitInvalid, "features.store.redis: missing", []string{"-c", with("features: {registry: features.yaml}\ningest: {redis: }\n")}},
		{exitInvalid, "gateway.yaml:1:10: ingest.reddis: unknown field", []string{"-c", with("ingest: {reddis: }\n")}},
		{exitInvalid, "gateway.yaml:2:108: ingest.kafka.password.env: the environment has no INGEST_TEST_ABSENT", []string{"-c", with(store +
			`ingest: {admin: "127.0.0.1:0", kafka: {brokers: ["127.0.0.1:1"], topics: [x], username: u, password: {env: INGEST_TEST_ABSENT}}}`)}},
		{exitFailure, "ingest.admin (--admin): listen tcp " + server.Addr, []string{"-c", with(store + "ingest: {redis: }\n"), "--admin", server.Addr}},
	} {
		code, written := command(t, append([]string{"ingest"}, c.args...)...)
		if code != c.code || !strings.Contains(written, c.words) {
			t.Errorf("gateway ingest %v: exit code %d, %s; want %d, %q", c.args, code, written, c.code, c.words)
		}
	}
}

func TestTheMetricsOfIngestFollowTheConventions(t *testing.T) {
	stats := &ingest.Stats{Source: "kafka"}
	registry := &features.Registry{Views: []features.View{{Name: "item_stats"}}}
	stats.Written.Add(3)
	stats.Dead[ingest.BadID].Add(2)
	stats.Failed[ingest.Write].Add(1)
	stats.Lag.Store(-1)
	collector := &ingestCollector{[]*ingest.Stats{stats}, registry}
	problems, err := testutil.CollectAndLint(collector)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	handler := ingestHandler(collector.sources, registry)
	page := func() string {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	for _, line := range []string{
		`rankgate_ingest_events_total{result="written",source="kafka"} 3`,
		`rankgate_ingest_events_total{result="dead",source="kafka"} 2`,
		`rankgate_ingest_dead_letters_total{reason="bad_id",source="kafka"} 2`,
		`rankgate_ingest_failed_attempts_total{source="kafka",step="write"} 1`,
		`rankgate_ingest_delay_seconds_count{source="kafka"} 0`,
	} {
		if !strings.Contains(page(), line+"\n") {
			t.Errorf("there is no line %s in\n%s", line, page())
		}
	}
	if strings.Contains(page(), "rankgate_ingest_lag_events{") {
		t.Error("a lag that is not known is shown")
	}
	stats.Lag.Store(7)
	if !strings.Contains(page(), `rankgate_ingest_lag_events{source="kafka"} 7`) {
		t.Error("the lag is not shown")
	}
}
