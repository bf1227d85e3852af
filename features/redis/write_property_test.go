package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features"
)

// wrote is a row that a model of the server holds.
type wrote struct{ at, created int64 }

// before reports whether a row gives way to another.
func (w wrote) before(other wrote) bool {
	return w.at < other.at || w.at == other.at && w.created < other.created
}

// truth says which values each entity may end up with: those of its latest rows,
// of which the server keeps the one that came last.
type truth struct {
	latest map[string]wrote
	values map[string][]float32
}

func (m *truth) write(r *features.Record) {
	is := wrote{r.Row.Time, r.Created}
	latest, there := m.latest[r.Item]
	switch {
	case !there || latest.before(is):
		m.latest[r.Item], m.values[r.Item] = is, []float32{r.Row.Floats[0]}
	case !is.before(latest):
		m.values[r.Item] = append(m.values[r.Item], r.Row.Floats[0])
	}
}

// Random rows, in random batches, some of them written twice, by one writer or by
// three at once, against a model.
func TestTheServerKeepsTheLatestRowOfEveryEntity(t *testing.T) {
	for name, change := range map[string]func(*Config, *features.Registry){
		"packed":         func(*Config, *features.Registry) {},
		"packed created": func(_ *Config, reg *features.Registry) { dated(reg) },
		"packed ttl": func(_ *Config, reg *features.Registry) {
			dated(reg)
			reg.Views[itemView].TTL = 1 << 62
		},
		"feast": asFeast,
		"feast created": func(cfg *Config, reg *features.Registry) {
			asFeast(cfg, reg)
			dated(reg)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, change)
			rapid.Check(t, func(t *rapid.T) { l.checkTruth(t) })
		})
	}
}

func dated(reg *features.Registry) {
	reg.Views[itemView].EventTime, reg.Views[itemView].CreatedTime = "at", "written"
}

func (l *ledger) checkTruth(t *rapid.T) {
	l.do("FLUSHALL")
	l.renew()
	batches := l.drawBatches(t)
	model := truth{latest: map[string]wrote{}, values: map[string][]float32{}}
	for _, batch := range batches {
		for i := range batch {
			model.write(&batch[i])
		}
	}
	writers := rapid.SampledFrom([]int{1, 3}).Draw(t, "writers")
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := w; i < len(batches); i += writers {
				if _, err := l.writer.Write(context.Background(), itemView, batches[i]); err != nil {
					t.Errorf("batch %d: %v", i, err)
				}
			}
		})
	}
	writing.Wait()
	for item, values := range model.values {
		got := l.read(itemView, "", item)[0]
		if writers == 1 {
			values = values[len(values)-1:]
		}
		if !slices.Contains(values, got) {
			t.Fatalf("item %s: %v; want one of %v", item, got, values)
		}
	}
}

// drawBatches draws rows that each have a value of their own. Times lie around
// 1970, where their signs and forms change, and at today.
func (l *ledger) drawBatches(t *rapid.T) [][]features.Record {
	var batches [][]features.Record
	n := 0
	created := l.reg.Views[itemView].CreatedTime != ""
	at := rapid.SampledFrom([]int64{0, 0, 1, -1, 999, 1000, -1000, -1001, today, today + 1, today + 128_000, -today})
	for range rapid.IntRange(1, 8).Draw(t, "batches") {
		if len(batches) > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
			batches = append(batches, batches[rapid.IntRange(0, len(batches)-1).Draw(t, "which")])
			continue
		}
		var batch []features.Record
		for range rapid.IntRange(1, 12).Draw(t, "rows") {
			n++
			r := l.record("", fmt.Sprint("i", rapid.IntRange(1, 4).Draw(t, "item")), float32(n), at.Draw(t, "at"), 0)
			if created {
				r.Created = at.Draw(t, "created")
			}
			batch = append(batch, r)
		}
		batches = append(batches, batch)
	}
	return batches
}
