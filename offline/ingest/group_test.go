package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features/redis/redistest"
)

// lose gives a consumer that dies so many entries, which the stream then loses.
func lose(t *testing.T, client rueidis.Client, consumer string, n int) {
	t.Helper()
	for i := range n {
		add(t, client, priceEvent(i, 1, 1))
	}
	do(t, client, "XREADGROUP", "GROUP", "rankgate", consumer, "COUNT", fmt.Sprint(n), "STREAMS", "features", ">")
	do(t, client, "XTRIM", "features", "MAXLEN", "0")
}

func makeGroup(t *testing.T, client rueidis.Client) {
	t.Helper()
	do(t, client, "XGROUP", "CREATE", "features", "rankgate", "0", "MKSTREAM")
}

// consumers returns the names of those in the group.
func consumers(t *testing.T, client rueidis.Client) (names []string) {
	t.Helper()
	all, err := do(t, client, "XINFO", "CONSUMERS", "features", "rankgate").ToArray()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		consumer, err := all[i].AsStrMap()
		if consumer["name"] == "" {
			t.Fatalf("a consumer without a name: %v, %v", consumer, err)
		}
		names = append(names, consumer["name"])
	}
	return names
}

// deadIDs returns the ids of the entries that were dead letters.
func deadIDs(t *testing.T, client rueidis.Client) (ids []string) {
	t.Helper()
	all, err := do(t, client, "XRANGE", "features:dead", "-", "+").AsXRange()
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range all {
		ids = append(ids, letter.FieldValues["dead_id"])
	}
	slices.Sort(ids)
	return ids
}

// TestEntriesThatTheStreamHasLostAreCountedOnce starts a consumer under the name of
// one that died. The server gives it what is left of its own entries, and would take
// the same ones off its list if it were asked for those of others with these in hand.
func TestEntriesThatTheStreamHasLostAreCountedOnce(t *testing.T) {
	client, store := connect(t, redistest.Start(t)), newShelf()
	makeGroup(t, client)
	lose(t, client, "a", 2)
	lose(t, client, "dead", 3)
	s, err := openStream(t.Context(), client, *streamConfig("a").Redis)
	if err != nil {
		t.Fatal(err)
	}
	c := newConsumer("redis", s, Store{Registry: catalogue(), Writer: store}, streamConfig("a"), quiet(t))
	batch := func() {
		if err := c.handle(t.Context(), c.gather(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	for len(store.prices()) == 0 {
		batch()
		if pending(t, client) == 0 {
			add(t, client, priceEvent(9, 1, 1))
		}
	}
	s.replayed, s.claimAt = fromStart, time.Time{}
	add(t, client, priceEvent(8, 1, 1))
	batch()
	ids := deadIDs(t, client)
	if gone := c.Stats.Dead[Gone].Load(); gone != 5 || len(slices.Compact(ids)) != 5 {
		t.Errorf("%d are gone, the dead letters are of %v; want 5", gone, ids)
	}
}

func TestEntriesThatTheStreamHasLostAreCountedByOneOfTheGroup(t *testing.T) {
	const lost = 100
	client := connect(t, redistest.Start(t))
	makeGroup(t, client)
	lose(t, client, "dead", lost)
	var all []*Stats
	var stops []func()
	for _, name := range []string{"a", "b", "c"} {
		cfg := streamConfig(name)
		cfg.Batch, cfg.Redis.ClaimAfter = 7, 100*time.Millisecond
		stats, stop := ingesting(t, cfg, client, newShelf())
		all, stops = append(all, stats), append(stops, stop)
	}
	gone := func() (n uint64) {
		for _, stats := range all {
			n += stats.Dead[Gone].Load()
		}
		return n
	}
	until(t, "all are counted", func() bool { return pending(t, client) == 0 && gone() >= lost })
	for _, stop := range stops {
		stop()
	}
	ids := deadIDs(t, client)
	if n := gone(); n != lost || len(ids) != lost || len(slices.Compact(ids)) != lost {
		t.Errorf("%d are gone, %d dead letters; want %d", n, len(ids), lost)
	}
}

func TestConsumersThatHaveStoppedAreNotInTheGroup(t *testing.T) {
	client := connect(t, redistest.Start(t))
	for i := range 5 {
		stats, stop := ingesting(t, streamConfig(fmt.Sprint("pod-", i)), client, newShelf())
		add(t, client, priceEvent(i, 1, 1))
		until(t, "it is written", func() bool { return stats.Written.Load() == 1 })
		if names := consumers(t, client); len(names) != 1 {
			t.Errorf("in the group are %v; want the one that runs", names)
		}
		stop()
	}
	if names := consumers(t, client); len(names) != 0 {
		t.Errorf("in the group are %v; want none", names)
	}
}

func TestAConsumerThatStopsWithABatchInHandStaysInTheGroup(t *testing.T) {
	client, store := connect(t, redistest.Start(t)), newShelf()
	s, err := openStream(t.Context(), client, *streamConfig("a").Redis)
	if err != nil {
		t.Fatal(err)
	}
	add(t, client, priceEvent(1, 1, 1))
	if got, err := s.read(t.Context(), 10, readWait); err != nil || len(got) != 1 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	s.close()
	if names := consumers(t, client); len(names) != 1 || pending(t, client) != 1 {
		t.Fatalf("in the group are %v; want the one that holds the entry", names)
	}
	ingesting(t, streamConfig("a"), client, store)
	store.awaits(t, map[string]float32{"1": 1})
}

// TestAnEntryServedToAReadThatWasGivenUpIsHandled stops a consumer whose last read
// still waits at the server.
func TestAnEntryServedToAReadThatWasGivenUpIsHandled(t *testing.T) {
	server := redistest.Start(t)
	client, store := connect(t, server), newShelf()
	s, err := openStream(t.Context(), client, *streamConfig("a").Redis)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		command := client.B().Xreadgroup().Group("rankgate", "a").Count(10).Block(60_000).Streams().Key("features").Id(">").Build()
		read <- client.Do(context.Background(), command).Error()
	}()
	until(t, "the read waits", func() bool {
		info, err := do(t, client, "INFO", "clients").ToString()
		return err == nil && strings.Contains(info, "blocked_clients:1")
	})
	s.close()
	if names := consumers(t, client); len(names) != 0 {
		t.Errorf("in the group are %v; want none", names)
	}
	add(t, client, priceEvent(1, 1, 1))
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	if n := pending(t, client); n != 1 {
		t.Fatalf("%d entries are given; want that which the read was served", n)
	}
	cfg := streamConfig("b")
	cfg.Redis.ClaimAfter = 100 * time.Millisecond
	ingesting(t, cfg, client, store)
	store.awaits(t, map[string]float32{"1": 1})
}
