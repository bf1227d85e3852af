package redis

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/goleak"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// A cluster's client looks for its nodes anew in a goroutine that sleeps five
// seconds, and does not end with the client.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"))
}

// Indices of the views of shop.
const (
	itemView = iota
	pairView
	userView
)

// shop has a view of items, one of pairs and one of users, each with one float32.
func shop() *features.Registry {
	view := func(name string, entities ...string) features.View {
		return features.View{Name: name, Entities: entities, Columns: []features.Column{
			{Name: "n", Type: model.Float32, Default: features.Default{Number: -1}},
		}}
	}
	return &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.String}},
		Views:    []features.View{view("item_stats", "item"), view("pair_stats", "user", "item"), view("user_stats", "user")},
	}
}

// world is a store over a real server, and a writer beside it.
type world struct {
	t      testing.TB
	cfg    Config
	reg    *features.Registry
	server *redistest.Server
	store  *Store
	writer rueidis.Client
	heard  heard
}

// heard is a listener that remembers.
type heard struct {
	mu      sync.Mutex
	changes []string
	all     int
}

func (h *heard) Changed(user, item string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes = append(h.changes, user+"/"+item)
}

func (h *heard) ChangedAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all++
}

func (h *heard) count() (changes, all int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.changes), h.all
}

// newWorld starts a server and opens a store over it. change may alter the
// configuration and the registry before.
func newWorld(t testing.TB, change func(*Config, *features.Registry)) *world {
	t.Helper()
	w := &world{t: t, cfg: DefaultConfig(), reg: shop(), server: redistest.Start(t)}
	w.cfg.Addresses = []string{w.server.Addr}
	w.cfg.Timeout = 5 * time.Second // on a busy machine too
	var err error
	if w.writer, err = Connect(w.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.writer.Close)
	if change != nil {
		change(&w.cfg, w.reg)
	}
	w.store = w.open()
	return w
}

func (w *world) open() *Store {
	w.t.Helper()
	s, err := Open(w.cfg, w.reg, nil, &w.heard, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

// put writes n to a row of a view.
func (w *world) put(view int, user, item string, n float32) {
	w.t.Helper()
	key, row := w.packed(view, user, item, n)
	if err := w.do("SET", key, row); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) packed(view int, user, item string, n float32) (key, row string) {
	w.t.Helper()
	v := &w.reg.Views[view]
	layout := features.LayoutOf(v.Columns)
	codec := packed.New(w.cfg.Prefix, v, layout)
	rec := features.Record{Row: layout.NewRow()}
	layout.Cells[0].SetFloat(&rec.Row, float64(n))
	name, err := codec.AppendKey(nil, user, item)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(name), string(codec.Encode(nil, &rec))
}

func (w *world) do(words ...string) error {
	return w.writer.Do(context.Background(), w.writer.B().Arbitrary(words...).Build()).Error()
}

// found is what a fetch brought for one view.
type found struct {
	values []float32 // the default where there is no row
	marks  []features.Mark
	asOf   time.Time
}

// fetch looks a view up for a user and items, within the given time.
func (w *world) fetch(within time.Duration, view int, user string, items ...string) found {
	w.t.Helper()
	return fetchFrom(w.store, within, view, user, items...)
}

func fetchFrom(s *Store, within time.Duration, view int, user string, items ...string) found {
	q := &features.Query{Request: &rank.Request{User: user}}
	for i, item := range items {
		q.Request.Items = append(q.Request.Items, rank.Item{ID: item})
		q.Items = append(q.Items, int32(i))
	}
	n := len(items)
	if view == userView {
		n = 1
	}
	q.Lookups = []features.Lookup{{View: view, Rows: make([]*features.Row, n), Marks: make([]features.Mark, n)}}
	s.Fetch(q, time.Now().Add(within))
	l := &q.Lookups[0]
	out := found{marks: l.Marks, asOf: l.AsOf}
	for _, row := range l.Rows {
		if row == nil {
			row = l.Default
		}
		out.values = append(out.values, row.Floats[0])
	}
	return out
}

func (f found) String() string { return fmt.Sprint(f.values, f.marks) }

// long is more time than anything takes that goes well.
const long = 10 * time.Second

// eventually waits until ok says yes.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
