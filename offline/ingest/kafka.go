package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// topics are Kafka topics, read as a member of a group.
//
// Partitions don't change hands while a batch is being handled: a rebalance waits
// until everything that was read is written and marked. What is marked is
// committed every second, and before partitions are given away. A member that
// handles a batch for longer than the group waits loses its partitions; what it
// has not committed is then delivered to another, and written again in vain.
type topics struct {
	client *kgo.Client
	admin  *kadm.Client
	cfg    Kafka
	log    *slog.Logger
}

const (
	deadTopicSuffix = ".dead"

	// Headers that are added to those of a dead letter.
	headerReason    = "dead-reason"
	headerError     = "dead-error"
	headerTopic     = "dead-topic"
	headerPartition = "dead-partition"
	headerOffset    = "dead-offset"
	headerLeftOut   = "dead-bytes-left-out" // the value was too large for the topic of dead letters

	commitEvery = time.Second
	startup     = 10 * time.Second // for the brokers to tell of the topics

	// A record of the largest size that brokers take by default grows by its
	// reason.
	maxDeadLetter = 16 << 20
)

// openTopics joins the group, which begins with the oldest records of the topics
// unless it has read of them before.
func openTopics(ctx context.Context, cfg Kafka, log *slog.Logger) (*topics, error) {
	t := &topics{cfg: cfg, log: log}
	options, err := cfg.options(log)
	if err != nil {
		return nil, err
	}
	options = append(options,
		kgo.ConsumerGroup(cfg.Group),
		kgo.ConsumeTopics(cfg.Topics...),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.BlockRebalanceOnPoll(),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(commitEvery),
		kgo.OnPartitionsRevoked(t.revoked),
		kgo.OnPartitionsLost(func(context.Context, *kgo.Client, map[string][]int32) {}),
		kgo.ProducerBatchMaxBytes(maxDeadLetter),
	)
	if t.client, err = kgo.NewClient(options...); err != nil {
		return nil, fmt.Errorf("ingest.kafka: %w", err)
	}
	t.admin = kadm.NewClient(t.client)
	limited, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	if err := t.check(limited); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// revoked commits what is marked before partitions go to another member.
func (t *topics) revoked(ctx context.Context, client *kgo.Client, _ map[string][]int32) {
	if err := client.CommitMarkedOffsets(ctx); err != nil {
		t.log.Warn("not committed, so it will be delivered again", "error", err)
	}
}

// check looks whether the topics are there, and makes those of the dead letters
// where they are not.
func (t *topics) check(ctx context.Context) error {
	names := slices.Clone(t.cfg.Topics)
	for _, name := range t.cfg.Topics {
		names = append(names, name+deadTopicSuffix)
	}
	there, err := t.admin.ListTopics(ctx, names...)
	if err != nil {
		return fmt.Errorf("ingest.kafka.brokers: %s: %w", strings.Join(t.cfg.Brokers, ", "), err)
	}
	for _, name := range t.cfg.Topics {
		if !there.Has(name) {
			return fmt.Errorf("ingest.kafka.topics: there is no topic %s, or this client may not see it", name)
		}
		dead := name + deadTopicSuffix
		if there.Has(dead) {
			continue
		}
		_, err := t.admin.CreateTopic(ctx, -1, -1, nil, dead)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("ingest.kafka.topics: the topic of the dead letters, %s, can't be made: %w", dead, err)
		}
	}
	return nil
}

func (t *topics) read(ctx context.Context, n int, wait time.Duration) ([]message, error) {
	if wait > 0 { // everything that was read before is dealt with
		t.client.AllowRebalance()
	}
	limited, cancel := context.WithTimeout(ctx, max(wait, time.Millisecond))
	defer cancel()
	fetches := t.client.PollRecords(limited, n)
	messages := make([]message, 0, fetches.NumRecords())
	fetches.EachRecord(func(r *kgo.Record) {
		messages = append(messages, message{event: r.Value, bytes: weight(r), arrived: r.Timestamp, origin: r})
	})
	var failed error
	fetches.EachError(func(topic string, partition int32, err error) {
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			failed = fmt.Errorf("topic %s, partition %d: %w", topic, partition, err)
		}
	})
	if failed != nil && len(messages) > 0 {
		t.log.Warn("a part of the topics was not read", "error", failed)
		failed = nil
	}
	return messages, failed
}

// weight is the bytes of a record.
func weight(r *kgo.Record) int {
	bytes := len(r.Key) + len(r.Value)
	for i := range r.Headers {
		bytes += len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return bytes
}

func (t *topics) bury(ctx context.Context, dead []message) error {
	letters := make([]*kgo.Record, len(dead))
	for i := range dead {
		letters[i] = letter(&dead[i])
	}
	var failed error
	for i, result := range t.client.ProduceSync(ctx, letters...) {
		err := result.Err
		if errors.Is(err, kerr.MessageTooLarge) {
			err = t.client.ProduceSync(ctx, withoutValue(letter(&dead[i]))).FirstErr()
		}
		if err != nil {
			failed = fmt.Errorf("topic %s: %w", result.Record.Topic, err)
		}
	}
	return failed
}

// letter is what is kept of a record that can't be a row: all of it, with the
// reason and the place where it stood.
func letter(dead *message) *kgo.Record {
	r := dead.origin.(*kgo.Record)
	headers := append([]kgo.RecordHeader{}, r.Headers...)
	add := func(key, value string) { headers = append(headers, kgo.RecordHeader{Key: key, Value: []byte(value)}) }
	add(headerReason, dead.refusal.Reason.String())
	add(headerError, dead.refusal.Message)
	add(headerTopic, r.Topic)
	add(headerPartition, strconv.Itoa(int(r.Partition)))
	add(headerOffset, strconv.FormatInt(r.Offset, 10))
	return &kgo.Record{Topic: r.Topic + deadTopicSuffix, Key: r.Key, Value: r.Value, Headers: headers}
}

func withoutValue(r *kgo.Record) *kgo.Record {
	r.Headers = append(r.Headers, kgo.RecordHeader{Key: headerLeftOut, Value: []byte(strconv.Itoa(len(r.Value)))})
	r.Value = nil
	return r
}

// acknowledge marks records, for the next commit.
func (t *topics) acknowledge(_ context.Context, done []message) error {
	for i := range done {
		t.client.MarkCommitRecords(done[i].origin.(*kgo.Record))
	}
	return nil
}

// lag counts the records that are not committed. What the group has never
// committed of, it has still to read from its beginning. The mark at the end of a
// transaction counts until a record follows.
func (t *topics) lag(ctx context.Context) (int64, error) {
	committed, err := t.admin.FetchOffsets(ctx, t.cfg.Group)
	if err != nil {
		return -1, err
	}
	first, err := t.admin.ListStartOffsets(ctx, t.cfg.Topics...)
	if err != nil {
		return -1, err
	}
	end, err := t.admin.ListEndOffsets(ctx, t.cfg.Topics...)
	if err := cmp.Or(err, committed.Error(), first.Error(), end.Error()); err != nil {
		return -1, err
	}
	var lag int64
	end.Each(func(e kadm.ListedOffset) {
		from, _ := first.Lookup(e.Topic, e.Partition)
		at := from.Offset
		if done, ok := committed.Lookup(e.Topic, e.Partition); ok {
			at = max(at, done.At)
		}
		lag += max(e.Offset-at, 0)
	})
	return lag, nil
}

// close commits what is marked and leaves the group.
func (t *topics) close() { t.client.CloseAllowingRebalance() }
