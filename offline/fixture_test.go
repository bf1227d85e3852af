package offline

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/redis/rueidis"
	"go.uber.org/goleak"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(childAddr); addr != "" {
		child(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// Indices of the views of shop.
const (
	itemView = iota
	userView
)

// shop has a view of items with event and created times, and one of users without
// times.
func shop() *features.Registry {
	return &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.String}},
		Views: []features.View{
			{
				Name: "item_stats", Entities: []string{"item"}, Source: "items.csv", EventTime: "at", CreatedTime: "written",
				Columns: []features.Column{
					{Name: "n", Type: model.Float32, Default: features.Default{Kind: features.Mean}},
					{Name: "color", Type: model.String, Default: features.Default{Kind: features.MostFrequent}},
				},
			},
			{
				Name: "user_stats", Entities: []string{"user"}, Source: "users",
				Columns: []features.Column{{Name: "n", Type: model.Float32, Default: features.Default{Number: -1}}},
			},
		},
	}
}

// world is a server to fill and a directory of sources.
type world struct {
	t      testing.TB
	cfg    redis.Config
	server *redistest.Server
	client rueidis.Client
	opt    Options
}

// newWorld starts a server. change may alter the configuration and the registry.
func newWorld(t testing.TB, change func(*redis.Config, *features.Registry), args ...string) *world {
	t.Helper()
	w := &world{t: t, server: redistest.Start(t, args...), opt: Options{Registry: shop(), Dir: t.TempDir(), Batch: 3}}
	w.cfg = configFor(w.server.Addr)
	if change != nil {
		change(&w.cfg, w.opt.Registry)
	}
	var err error
	if w.client, err = redis.Connect(w.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	if w.opt.Writer, err = redis.NewWriter(w.client, w.cfg, w.opt.Registry); err != nil {
		t.Fatal(err)
	}
	return w
}

func configFor(addr string) redis.Config {
	cfg := redis.DefaultConfig()
	cfg.Addresses, cfg.Cache.Size, cfg.Timeout = []string{addr}, 0, time.Minute
	return cfg
}

// place writes a source below the directory.
func (w *world) place(path, text string) string {
	w.t.Helper()
	path = filepath.Join(w.opt.Dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// run fills the store, or fails the test.
func (w *world) run() []Counts {
	w.t.Helper()
	counts, err := Materialize(context.Background(), w.opt)
	if err != nil {
		w.t.Fatal(err)
	}
	return counts
}

// rows returns what a view holds of users or items, as text; "-" where there is
// no row.
func (w *world) rows(view int, ids ...string) string {
	w.t.Helper()
	s, err := redis.Open(w.cfg, w.opt.Registry, w.baseline(), deaf{}, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	out := ""
	for _, id := range ids {
		q := &features.Query{Request: &rank.Request{User: id, Items: []rank.Item{{ID: id}}}, Items: []int32{0}}
		q.Lookups = []features.Lookup{{View: view, Rows: make([]*features.Row, 1), Marks: make([]features.Mark, 1)}}
		s.Fetch(q, time.Now().Add(time.Minute))
		row := "-"
		if q.Lookups[0].Marks[0] != features.Sound {
			w.t.Fatalf("the row of %s could not be read", id)
		}
		if r := q.Lookups[0].Rows[0]; r != nil {
			row = fmt.Sprint(r.Floats[0])
		}
		out += row + " "
	}
	return out
}

// baseline is one that holds what the registry wants of it.
func (w *world) baseline() *features.Baseline {
	b := &features.Baseline{Views: map[string]features.ViewBaseline{}}
	for i := range w.opt.Registry.Views {
		v := &w.opt.Registry.Views[i]
		b.Views[v.Name] = features.NewLearning(v).Baseline()
	}
	return b
}

// deaf listens to no change.
type deaf struct{}

func (deaf) Changed(_, _ string) {}
func (deaf) ChangedAll()         {}

// do sends a command and returns its reply as text.
func (w *world) do(words ...string) string {
	w.t.Helper()
	reply, err := w.client.Do(context.Background(), w.client.B().Arbitrary(words...).Build()).ToAny()
	if err != nil && !rueidis.IsRedisNil(err) {
		w.t.Fatalf("%q: %v", words, err)
	}
	return fmt.Sprint(reply)
}

// itemRow is a row of the view of items as a Parquet file holds it.
type itemRow struct {
	Item    int64   `parquet:"item"`
	N       float32 `parquet:"n"`
	Color   string  `parquet:"color,dict"`
	At      int64   `parquet:"at,timestamp(millisecond)"`
	Written int64   `parquet:"written,timestamp(millisecond)"`
}

// placeItems writes n rows as items.parquet, which becomes the source of items.
func (w *world) placeItems(n int, row func(i int) itemRow) string {
	w.t.Helper()
	w.opt.Registry.Views[itemView].Source = "items.parquet"
	path := filepath.Join(w.opt.Dir, "items.parquet")
	f, err := os.Create(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	out := parquet.NewGenericWriter[itemRow](f, parquet.MaxRowsPerRowGroup(50_000))
	rows := make([]itemRow, 0, 1000)
	for i := range n {
		if rows = append(rows, row(i)); len(rows) == cap(rows) || i == n-1 {
			if _, err := out.Write(rows); err != nil {
				w.t.Fatal(err)
			}
			rows = rows[:0]
		}
	}
	if err := out.Close(); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// today is an event time.
const today = 1767225600_000

func decimal(n int) string { return strconv.Itoa(n) }

// encode is a row of items as it lies in the server.
func encode(w *world, rec *features.Record) string {
	v := &w.opt.Registry.Views[itemView]
	return string(packed.New(w.cfg.Prefix, v, features.LayoutOf(v.Columns)).Encode(nil, rec))
}

// sequence returns the keys of items from first to n-1.
func sequence(first, n int) []string {
	keys := make([]string, 0, n)
	for i := first; i < n; i++ {
		keys = append(keys, "rankgate:item_stats:"+decimal(i))
	}
	return keys
}
