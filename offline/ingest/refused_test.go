package ingest

import (
	"context"
	"fmt"
	"math/bits"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

// TestRowsThatTheServerCannotHoldCostWritesInProportion puts keys of another type
// where some of the rows belong.
func TestRowsThatTheServerCannotHoldCostWritesInProportion(t *testing.T) {
	const rows = 1024
	for name, unfit := range map[string]func(i int) bool{
		"one":         func(i int) bool { return i == 700 },
		"every other": func(i int) bool { return i%2 == 0 },
		"the first":   func(i int) bool { return i < rows/2 },
		"the last":    func(i int) bool { return i >= rows/2 },
		"all":         func(int) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			client := connect(t, server)
			source := newPile()
			bad := 0
			for i := range rows {
				source.add(priceEvent(i, 1, 1))
				if unfit(i) {
					bad++
					do(t, client, "SADD", fmt.Sprint("rankgate:item_stats:", i), "x")
				}
			}
			cfg := redis.DefaultConfig()
			cfg.Addresses = []string{server.Addr}
			w, err := redis.NewWriter(client, cfg, catalogue())
			if err != nil {
				t.Fatal(err)
			}
			calls, sent := 0, 0
			c := consume(t, source, writerFunc(func(ctx context.Context, view int, records []features.Record) (redis.Written, error) {
				calls, sent = calls+1, sent+len(records)
				return w.Write(ctx, view, records)
			}), func(cfg *Config) { cfg.Batch = rows })
			if err := c.handle(t.Context(), c.gather(t.Context())); err != nil {
				t.Fatal(err)
			}
			if most := rows * bits.Len(rows); calls > 2*bad+1 || sent > most {
				t.Errorf("%d writes of %d rows; want at most %d of %d", calls, sent, 2*bad+1, most)
			}
			if stored, dead := c.Stats.Written.Load(), c.Stats.Dead[Unwritable].Load(); stored != uint64(rows-bad) || dead != uint64(bad) {
				t.Errorf("%d rows written and %d unwritable; want %d and %d", stored, dead, rows-bad, bad)
			}
		})
	}
}
