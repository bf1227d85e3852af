package ingest

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features/redis/redistest"
)

func TestABatchOfLargeEventsEndsWithItsBytes(t *testing.T) {
	const events, size = 40, 4 << 20
	large := strings.Repeat("x", size)
	for name, maxEvent := range map[string]int{"allowed": size, "not allowed": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			client := connect(t, redistest.Start(t))
			for range events {
				add(t, client, large)
			}
			cfg := streamConfig("a")
			cfg.MaxEvent = maxEvent
			s, err := openStream(t.Context(), client, *cfg.Redis)
			if err != nil {
				t.Fatal(err)
			}
			c := newConsumer("redis", s, Store{Registry: catalogue(), Writer: newShelf()}, cfg, quiet(t))
			for left := events; left > 0; {
				batch := c.gather(t.Context())
				bytes := 0
				for i := range batch {
					bytes += len(batch[i].event)
				}
				if bytes > maxBatchBytes+size || len(batch) < min(left, maxBatchBytes/size) {
					t.Fatalf("a batch of %d events, %d bytes; want %d bytes", len(batch), bytes, maxBatchBytes)
				}
				left -= len(batch)
				if err := s.acknowledge(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestSmallEventsFillABatchByTheirNumber(t *testing.T) {
	source := newPile()
	for i := range 2500 {
		source.add(priceEvent(i, 1, 1))
	}
	c := consume(t, source, newShelf(), func(cfg *Config) { cfg.Batch, cfg.Linger = 1000, 0 })
	if n := len(c.gather(t.Context())); n != 1000 {
		t.Errorf("a batch of %d events; want 1000", n)
	}
}

// TestABatchKeepsWithinItsAllowance reads events of any size up to the largest that
// is allowed.
func TestABatchKeepsWithinItsAllowance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Batch: rapid.IntRange(1, 5000).Draw(t, "batch"), MaxEvent: rapid.IntRange(1<<10, 64<<20).Draw(t, "max event")}
		a := newAllowance(&cfg)
		events, bytes := 0, 0
		for {
			n := a.next(events, bytes)
			if n == 0 {
				break
			}
			size := rapid.IntRange(cfg.MaxEvent/100, cfg.MaxEvent).Draw(t, "size")
			read := make([]message, n)
			for i := range read {
				read[i].bytes = size
			}
			events, bytes = events+n, bytes+a.weigh(read)
		}
		if events > cfg.Batch || bytes >= maxBatchBytes+cfg.MaxEvent || events < cfg.Batch && bytes < maxBatchBytes {
			t.Fatalf("%d events, %d bytes; at most %d of each up to %d", events, bytes, cfg.Batch, cfg.MaxEvent)
		}
	})
}
