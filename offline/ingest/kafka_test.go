package ingest

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// startCluster starts a fake cluster with the topic features.
func startCluster(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(2, "features")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// topicConfig reads the topic features.
func topicConfig(brokers []string) *Config {
	cfg, k := DefaultConfig(), DefaultKafka()
	k.Brokers, k.Topics = brokers, []string{"features"}
	cfg.Kafka = &k
	return &cfg
}

// producer returns a client that puts records where they say.
func producer(t *testing.T, brokers []string) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func produce(t *testing.T, client *kgo.Client, partition int32, events ...string) {
	t.Helper()
	for _, event := range events {
		record := &kgo.Record{Topic: "features", Partition: partition, Value: []byte(event)}
		if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// letters reads the first n records of the topic of dead letters.
func letters(t *testing.T, brokers []string, n int) (records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics("features.dead"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for len(records) < n {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

func headers(r *kgo.Record) map[string]string {
	all := map[string]string{}
	for _, h := range r.Headers {
		all[h.Key] = string(h.Value)
	}
	return all
}

func TestRecordsOfATopicBecomeRowsInTheOrderOfTheirTimes(t *testing.T) {
	brokers, store := startCluster(t).ListenAddrs(), newShelf()
	p := producer(t, brokers)
	produce(t, p, 0, priceEvent(1, 5, 5), priceEvent(2, 5, 5)) // before the group is made
	stats, stop := ingesting(t, topicConfig(brokers), nil, store)
	store.awaits(t, map[string]float32{"1": 5, "2": 5})
	produce(t, p, 1, priceEvent(1, 4, 4), priceEvent(2, 6, 6))
	store.awaits(t, map[string]float32{"1": 5, "2": 6})
	awaitLag(t, stats, 0)
	stop()
	if w, o := stats.Written.Load(), stats.Older.Load(); w != 3 || o != 1 {
		t.Errorf("written %d, older %d; want 3 and 1", w, o)
	}
}

func TestWhatIsWrittenIsCommittedWhenTheConsumerStops(t *testing.T) {
	cluster, store := startCluster(t), newShelf()
	_, stop := ingesting(t, topicConfig(cluster.ListenAddrs()), nil, store)
	produce(t, producer(t, cluster.ListenAddrs()), 1, priceEvent(1, 1, 1), priceEvent(2, 1, 2))
	store.awaits(t, map[string]float32{"1": 1, "2": 2})
	stop()
	if at := cluster.GroupInfo("rankgate").Commits["features"][1].Offset; at != 2 {
		t.Errorf("committed up to %d; want 2", at)
	}
}

func TestDeadRecordsKeepTheirBytesAndSayWhy(t *testing.T) {
	brokers, store := startCluster(t).ListenAddrs(), newShelf()
	stats, stop := ingesting(t, topicConfig(brokers), nil, store)
	p := producer(t, brokers)
	produce(t, p, 1, priceEvent(1, 1, 1))
	dead := &kgo.Record{
		Topic: "features", Partition: 1, Key: []byte("k"), Value: []byte(`{"view":`), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("77")}},
	}
	if err := p.ProduceSync(t.Context(), dead).FirstErr(); err != nil {
		t.Fatal(err)
	}
	letter := letters(t, brokers, 1)[0]
	want := map[string]string{
		"trace": "77", "dead-reason": "malformed", "dead-error": "not JSON: byte 8: unexpected end of JSON input",
		"dead-topic": "features", "dead-partition": "1", "dead-offset": "1",
	}
	if got := headers(letter); string(letter.Key) != "k" || string(letter.Value) != `{"view":` || !maps.Equal(got, want) {
		t.Errorf("key %q, value %q, headers %v; want headers %v", letter.Key, letter.Value, got, want)
	}
	awaitLag(t, stats, 0)
	stop()
	if n := stats.Dead[Malformed].Load(); n != 1 {
		t.Errorf("%d dead letters counted; want 1", n)
	}
}

func TestADeadRecordTooLargeForItsTopicLeavesOnlyItsPlace(t *testing.T) {
	cluster, store := startCluster(t, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "4000000"})), newShelf()
	if err := cluster.CreateTopic("features.dead", 1, map[string]string{"max.message.bytes": "1000"}); err != nil {
		t.Fatal(err)
	}
	stats, _ := ingesting(t, topicConfig(cluster.ListenAddrs()), nil, store)
	noise := make([]byte, 2<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	produce(t, producer(t, cluster.ListenAddrs()), 0, string(noise), "short")
	got := letters(t, cluster.ListenAddrs(), 2)
	i := slices.IndexFunc(got, func(r *kgo.Record) bool { return headers(r)["dead-offset"] == "0" })
	if h := headers(got[i]); len(got[i].Value) > 0 || h["dead-bytes-left-out"] != "2097152" || h["dead-reason"] != "too_large" {
		t.Errorf("a value of %d bytes, headers %v", len(got[i].Value), h)
	}
	awaitLag(t, stats, 0)
}

func TestAMemberKilledBetweenWriteAndCommitReplaysToTheSameRows(t *testing.T) {
	brokers, store := startCluster(t).ListenAddrs(), newShelf()
	produce(t, producer(t, brokers), 0, priceEvent(1, 1, 1), priceEvent(2, 1, 2), priceEvent(1, 3, 3))
	cfg := topicConfig(brokers)
	source, err := openTopics(t.Context(), *cfg.Kafka, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	c := newConsumer("kafka", source, Store{Registry: catalogue(), Writer: dies(store, kill)}, cfg, quiet(t))
	batch := c.gather(ctx)
	for len(batch) == 0 {
		batch = c.gather(ctx)
	}
	if c.handle(ctx, batch) == nil {
		t.Fatal("the batch was handled to its end")
	}
	source.close()
	want := map[string]float32{"1": 3, "2": 2}
	if !maps.Equal(store.prices(), want) {
		t.Fatalf("at the kill the store holds %v", store.prices())
	}
	stats, _ := ingesting(t, cfg, nil, store)
	awaitLag(t, stats, 0)
	if rows := stats.Written.Load(); rows != 2 || !maps.Equal(store.prices(), want) {
		t.Errorf("%d rows written again, the store holds %v; want 2 and the same rows", rows, store.prices())
	}
}

// TestNothingIsCommittedBeforeItIsWritten looks at every commit while members
// come and go.
func TestNothingIsCommittedBeforeItIsWritten(t *testing.T) {
	cluster, store := startCluster(t, kfake.SeedTopics(4, "features")), newShelf()
	brokers := cluster.ListenAddrs()
	const each = 500
	item := func(partition int32, offset int) int { return int(partition)*each + offset }
	var commits atomic.Int64
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		there := store.prices()
		for _, p := range r.(*kmsg.OffsetCommitRequest).Topics[0].Partitions {
			commits.Add(1)
			for offset := range p.Offset {
				if _, ok := there[strconv.Itoa(item(p.Partition, int(offset)))]; !ok {
					t.Errorf("partition %d: committed up to %d, and %d is not written", p.Partition, p.Offset, offset)
					return nil, nil, false //nolint:nilnil // it only looks
				}
			}
		}
		return nil, nil, false //nolint:nilnil // it only looks
	})
	p, want := producer(t, brokers), map[string]float32{}
	_, stop := ingesting(t, topicConfig(brokers), nil, store)
	var second func()
	for offset := range each {
		for partition := range int32(4) {
			id := item(partition, offset)
			want[strconv.Itoa(id)] = float32(id)
			record := &kgo.Record{Topic: "features", Partition: partition, Value: []byte(priceEvent(id, 1, float64(id)))}
			p.Produce(t.Context(), record, nil)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		switch offset {
		case each / 5:
			_, second = ingesting(t, topicConfig(brokers), nil, store)
			if _, err := cluster.WaitGroupStable(t.Context(), "rankgate", 2); err != nil {
				t.Fatal(err)
			}
		case 3 * each / 5:
			stop()
		}
	}
	store.awaits(t, want)
	second()
	if n := commits.Load(); n < 8 {
		t.Errorf("%d commits were seen", n)
	}
	for partition, commit := range cluster.GroupInfo("rankgate").Commits["features"] {
		if commit.Offset != each {
			t.Errorf("partition %d: committed up to %d in the end; want %d", partition, commit.Offset, each)
		}
	}
}

func TestALagThatCannotBeAskedForIsNotKnown(t *testing.T) {
	cluster := startCluster(t)
	stats, _ := ingesting(t, topicConfig(cluster.ListenAddrs()), nil, newShelf())
	awaitLag(t, stats, 0)
	fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.GroupAuthorizationFailed, Count: -1})
	awaitLag(t, stats, -1)
	fault.Remove()
	awaitLag(t, stats, 0)
}

func TestATopicThatIsNotThereIsRefusedAtTheStart(t *testing.T) {
	cfg := topicConfig(startCluster(t).ListenAddrs())
	cfg.Kafka.Topics = []string{"features", "featurs"}
	_, err := Open(t.Context(), cfg, Store{catalogue(), newShelf(), nil}, quiet(t))
	if err == nil || !strings.HasPrefix(err.Error(), "ingest.kafka.topics: there is no topic featurs") {
		t.Errorf("error %v", err)
	}
}

func TestTheTopicOfTheDeadLettersIsMadeOnce(t *testing.T) {
	cluster := startCluster(t)
	for range 2 {
		_, stop := ingesting(t, topicConfig(cluster.ListenAddrs()), nil, newShelf())
		stop()
	}
	client := producer(t, cluster.ListenAddrs())
	there, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil || !there.Has("features.dead") {
		t.Errorf("topics %v, %v", there.Names(), err)
	}
}
