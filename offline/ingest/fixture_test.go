package ingest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/model"
)

// catalogue is a registry with a view of every kind and a column of every type.
func catalogue() *features.Registry {
	return &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.String}},
		Views: []features.View{
			{Name: "item_stats", Entities: []string{"item"}, Columns: []features.Column{{Name: "price", Type: model.Float32}}},
			{Name: "user_item", Entities: []string{"user", "item"}, Columns: []features.Column{{Name: "clicks", Type: model.Int32}}},
			{Name: "user_stats", Entities: []string{"user"}, Columns: []features.Column{
				{Name: "age", Type: model.Float32},
				{Name: "embedding", Type: model.Float32, Length: 3},
				{Name: "country", Type: model.String, Vocabulary: []string{"at", "de"}},
				{Name: "visits", Type: model.Int64},
				{Name: "paying", Type: model.Bool},
				{Name: "ratio", Type: model.Float64},
			}},
		},
	}
}

const (
	itemStats = iota
	userItem
	userStats
)

// noon is the arrival of events in tests that decode.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// priceEvent says that an item costs that much since so many seconds after 1970.
func priceEvent(item, seconds int, price float64) string {
	return fmt.Sprintf(`{"view":"item_stats","item":%d,"event_time":%d,"columns":{"price":%v}}`, item, seconds, price)
}

// shelf is a Writer that keeps the prices of items as a store would.
type shelf struct {
	mu    sync.Mutex
	rows  map[string]features.Record
	calls int
	err   func(call int) error // asked before each call; nil: never
}

func newShelf() *shelf { return &shelf{rows: map[string]features.Record{}} }

func (s *shelf) Write(_ context.Context, _ int, records []features.Record) (w redis.Written, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.err != nil {
		if err := s.err(s.calls); err != nil {
			return w, err
		}
	}
	for _, r := range records {
		old, there := s.rows[r.Item]
		if there && cmp.Or(cmp.Compare(r.Row.Time, old.Row.Time), cmp.Compare(r.Created, old.Created)) < 0 {
			w.Older++
			continue
		}
		s.rows[r.Item] = r
		w.Stored++
	}
	return w, nil
}

// writerFunc is a Writer that is one function.
type writerFunc func(ctx context.Context, view int, records []features.Record) (redis.Written, error)

func (f writerFunc) Write(ctx context.Context, view int, records []features.Record) (redis.Written, error) {
	return f(ctx, view, records)
}

// prices returns what the shelf holds.
func (s *shelf) prices() map[string]float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	prices := map[string]float32{}
	for id, r := range s.rows {
		prices[id] = r.Row.Floats[0]
	}
	return prices
}

// until asks again and again, a little slower each time, until the answer is yes.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for wait := time.Millisecond; !yes(); wait = min(2*wait, 50*time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still waiting until %s", what)
		}
		<-time.After(wait)
	}
}

func (s *shelf) awaits(t *testing.T, want map[string]float32) {
	t.Helper()
	until(t, fmt.Sprint("the store holds ", want), func() bool { return maps.Equal(s.prices(), want) })
}

func quiet(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
