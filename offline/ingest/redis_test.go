package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

// connect returns a client of a server, as the gateway makes it.
func connect(t *testing.T, server *redistest.Server) rueidis.Client {
	t.Helper()
	cfg := redis.DefaultConfig()
	cfg.Addresses = []string{server.Addr}
	client, err := redis.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// streamConfig reads the stream features under the given name.
func streamConfig(consumer string) *Config {
	cfg, r := DefaultConfig(), DefaultRedis()
	r.Consumer = consumer
	cfg.Redis = &r
	return &cfg
}

// ingesting runs an Ingest until the test ends or stop is called, which waits.
func ingesting(t *testing.T, cfg *Config, client rueidis.Client, writer Writer) (_ *Stats, stop func()) {
	t.Helper()
	in, err := Open(t.Context(), cfg, Store{catalogue(), writer, client}, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		in.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return in.Stats()[0], stop
}

// do runs a command and returns the reply.
func do(t *testing.T, client rueidis.Client, command ...string) rueidis.RedisResult {
	t.Helper()
	reply := client.Do(context.Background(), client.B().Arbitrary(command...).Build())
	if err := reply.Error(); err != nil && !rueidis.IsRedisNil(err) {
		t.Fatalf("%s: %v", strings.Join(command, " "), err)
	}
	return reply
}

func add(t *testing.T, client rueidis.Client, events ...string) {
	t.Helper()
	for _, event := range events {
		do(t, client, "XADD", "features", "*", "event", event)
	}
}

// pending returns how many entries are given and not acknowledged.
func pending(t *testing.T, client rueidis.Client) int64 {
	t.Helper()
	summary, err := do(t, client, "XPENDING", "features", "rankgate").ToArray()
	if err != nil {
		t.Fatal(err)
	}
	n, err := summary[0].AsInt64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func awaitLag(t *testing.T, stats *Stats, want int64) {
	t.Helper()
	until(t, fmt.Sprint("the lag is ", want), func() bool { return stats.Lag.Load() == want })
}

func TestEntriesOfAStreamBecomeRowsInTheOrderOfTheirTimes(t *testing.T) {
	client, store := connect(t, redistest.Start(t)), newShelf()
	add(t, client, priceEvent(1, 5, 5), priceEvent(2, 5, 5)) // before the group is made
	stats, stop := ingesting(t, streamConfig("a"), client, store)
	store.awaits(t, map[string]float32{"1": 5, "2": 5})
	add(t, client, priceEvent(1, 4, 4), priceEvent(2, 6, 6))
	store.awaits(t, map[string]float32{"1": 5, "2": 6})
	awaitLag(t, stats, 0)
	stop()
	if n := pending(t, client); n != 0 {
		t.Errorf("%d entries are not acknowledged", n)
	}
	if w, o := stats.Written.Load(), stats.Older.Load(); w != 3 || o != 1 {
		t.Errorf("written %d, older %d; want 3 and 1", w, o)
	}
}

func TestDeadLettersKeepTheirFieldsAndSayWhy(t *testing.T) {
	client, store := connect(t, redistest.Start(t)), newShelf()
	stats, _ := ingesting(t, streamConfig("a"), client, store)
	id, err := do(t, client, "XADD", "features", "*", "event", `{"view":"item_stat"}`, "trace", "77").ToString()
	if err != nil {
		t.Fatal(err)
	}
	do(t, client, "XADD", "features", "*", "evnt", "{}")
	add(t, client, priceEvent(1, 1, 1))
	store.awaits(t, map[string]float32{"1": 1})
	until(t, "both are dead", func() bool { return stats.Dead[UnknownView].Load()+stats.Dead[Malformed].Load() == 2 })
	letters, err := do(t, client, "XRANGE", "features:dead", "-", "+").AsXRange()
	if err != nil || len(letters) != 2 {
		t.Fatalf("dead letters %v, %v", letters, err)
	}
	want := map[string]string{
		"event": `{"view":"item_stat"}`, "trace": "77", "dead_id": id, "dead_reason": "unknown_view",
		"dead_error": `view: there is no view "item_stat"; did you mean item_stats?`,
	}
	if !maps.Equal(letters[0].FieldValues, want) {
		t.Errorf("got  %v\nwant %v", letters[0].FieldValues, want)
	}
	if got := letters[1].FieldValues; got["evnt"] != "{}" || got["dead_reason"] != "malformed" || !strings.HasSuffix(got["dead_error"], `has no field "event"; it has evnt`) {
		t.Errorf("dead letter %v", got)
	}
	until(t, "all is acknowledged", func() bool { return pending(t, client) == 0 })
}

func TestOldDeadLettersMakeRoom(t *testing.T) {
	client := connect(t, redistest.Start(t, "--stream-node-max-entries", "10"))
	cfg := streamConfig("a")
	cfg.Redis.DeadMax = 20
	stats, _ := ingesting(t, cfg, client, newShelf())
	for range 100 {
		add(t, client, "x")
	}
	until(t, "all are dead", func() bool { return stats.Dead[Malformed].Load() == 100 })
	if n, err := do(t, client, "XLEN", "features:dead").AsInt64(); err != nil || n < 20 || n > 40 {
		t.Errorf("%d dead letters are kept, %v; want about 20", n, err)
	}
}

// dies returns a store whose process is killed once a batch is written: what it
// does after that is never seen.
func dies(store *shelf, die func()) Writer {
	return writerFunc(func(ctx context.Context, view int, records []features.Record) (redis.Written, error) {
		w, err := store.Write(ctx, view, records)
		die()
		return w, errors.Join(err, context.Canceled)
	})
}

func TestAConsumerKilledBetweenWriteAndAcknowledgementReplaysToTheSameRows(t *testing.T) {
	client, store := connect(t, redistest.Start(t)), newShelf()
	add(t, client, priceEvent(1, 1, 1), priceEvent(2, 1, 2), priceEvent(1, 3, 3))
	killed := make(chan struct{})
	s, err := openStream(t.Context(), client, *streamConfig("a").Redis)
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	c := newConsumer("redis", s, Store{Registry: catalogue(), Writer: dies(store, func() { kill(); close(killed) })}, streamConfig("a"), quiet(t))
	if c.handle(ctx, c.gather(ctx)) == nil {
		t.Fatal("the batch was handled to its end")
	}
	<-killed
	want := map[string]float32{"1": 3, "2": 2}
	if n := pending(t, client); n != 3 || !maps.Equal(store.prices(), want) {
		t.Fatalf("at the kill %d entries are not acknowledged and the store holds %v", n, store.prices())
	}
	stats, _ := ingesting(t, streamConfig("a"), client, store)
	until(t, "all is acknowledged", func() bool { return pending(t, client) == 0 })
	if again, rows := stats.Redelivered.Load(), stats.Written.Load(); again != 3 || rows != 2 || !maps.Equal(store.prices(), want) {
		t.Errorf("%d delivered again, %d rows written again, the store holds %v; want 3, 2 and the same rows", again, rows, store.prices())
	}
}

func TestTheEntriesOfADeadConsumerAreTakenOver(t *testing.T) {
	client, store := connect(t, redistest.Start(t)), newShelf()
	do(t, client, "XGROUP", "CREATE", "features", "rankgate", "0", "MKSTREAM")
	add(t, client, priceEvent(1, 1, 1), priceEvent(2, 1, 2), "x")
	do(t, client, "XREADGROUP", "GROUP", "rankgate", "dead", "STREAMS", "features", ">")
	cfg := streamConfig("alive")
	cfg.Redis.ClaimAfter = 100 * time.Millisecond
	cfg.Batch = 2
	stats, _ := ingesting(t, cfg, client, store)
	store.awaits(t, map[string]float32{"1": 1, "2": 2})
	until(t, "all is acknowledged", func() bool { return pending(t, client) == 0 })
	awaitLag(t, stats, 0)
	if n := stats.Redelivered.Load(); n != 3 {
		t.Errorf("%d were delivered again; want 3", n)
	}
}

func TestAnEntryTrimmedBeforeItWasHandledIsADeadLetter(t *testing.T) {
	client := connect(t, redistest.Start(t))
	do(t, client, "XGROUP", "CREATE", "features", "rankgate", "0", "MKSTREAM")
	add(t, client, priceEvent(1, 1, 1))
	do(t, client, "XREADGROUP", "GROUP", "rankgate", "a", "STREAMS", "features", ">")
	do(t, client, "XTRIM", "features", "MAXLEN", "0")
	stats, _ := ingesting(t, streamConfig("a"), client, newShelf())
	until(t, "it is dead", func() bool { return stats.Dead[Gone].Load() == 1 })
	until(t, "it is acknowledged", func() bool { return pending(t, client) == 0 })
}

func TestAServerThatComesBackEmptyGetsItsGroupAgain(t *testing.T) {
	server := redistest.Start(t)
	client, store := connect(t, server), newShelf()
	stats, _ := ingesting(t, streamConfig("a"), client, store)
	add(t, client, priceEvent(1, 1, 1))
	store.awaits(t, map[string]float32{"1": 1})
	server.Kill()
	until(t, "the reads fail", func() bool { return stats.Failed[Read].Load() > 0 })
	server.Restart()
	until(t, "the server takes an event", func() bool {
		command := client.B().Xadd().Key("features").Id("*").FieldValue().FieldValue("event", priceEvent(2, 2, 2)).Build()
		return client.Do(t.Context(), command).Error() == nil
	})
	store.awaits(t, map[string]float32{"1": 1, "2": 2})
	awaitLag(t, stats, 0)
}

func TestEntriesWhoseReplyWasLostAreReadAgain(t *testing.T) {
	server := redistest.Start(t)
	client := connect(t, server)
	s, err := openStream(t.Context(), client, *streamConfig("a").Redis)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.read(t.Context(), 10, 0); err != nil || len(got) != 0 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	add(t, client, priceEvent(1, 1, 1))
	do(t, client, "XREADGROUP", "GROUP", "rankgate", "a", "STREAMS", "features", ">") // the reply that was lost
	server.Pause()
	if got, err := s.read(t.Context(), 10, 0); err == nil {
		t.Fatalf("a server that does not answer gave %d messages", len(got))
	}
	server.Resume()
	until(t, "it is read again", func() bool {
		got, err := s.read(t.Context(), 10, 0)
		return err == nil && len(got) == 1 && got[0].again && string(got[0].event) == priceEvent(1, 1, 1)
	})
}

func TestAKeyThatIsNoStreamIsRefusedAtTheStart(t *testing.T) {
	client := connect(t, redistest.Start(t))
	do(t, client, "SET", "features", "x")
	_, err := Open(t.Context(), streamConfig("a"), Store{catalogue(), newShelf(), client}, quiet(t))
	if err == nil || !strings.HasPrefix(err.Error(), "ingest.redis.stream: features: WRONGTYPE") {
		t.Errorf("error %v", err)
	}
}
