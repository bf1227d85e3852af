package offline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
)

const itemsCSV = `item,n,color,at,written
1,10,red,2026-01-01,1
1,11,red,2026-01-02,1
2,20,,2026-01-02,1
2,21,red,2026-01-01,9
3,NaN,blue,2026-01-01,5
3,31,red,2026-01-01,4
1,12,red,2026-01-02,2
4,inf,red,,
`

var layouts = map[string]func(*redis.Config, *features.Registry){
	"packed": nil,
	"feast":  func(cfg *redis.Config, _ *features.Registry) { cfg.Layout, cfg.Project = redis.Feast, "shop" },
}

func TestTheLatestRowOfEveryEntityIsMaterialized(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, layout)
			w.place("items.csv", itemsCSV)
			w.place("users/part-2.csv", "user,n\nann,3\nbob,4\n")
			w.place("users/part-1.csv", "user,n\nann,1\ncid,2\n")
			before := float64(time.Now().Unix())
			counts := w.run()
			newest := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).UnixMilli()
			want := []Counts{
				{Name: "item_stats", Read: 8, Stored: 5, Older: 3, Nulls: 3, NonFinite: 2, Newest: newest},
				{Name: "user_stats", Read: 4, Stored: 4},
			}
			if !slices.Equal(counts, want) {
				t.Errorf("%+v\nwant %+v", counts, want)
			}
			if got := w.rows(itemView, "1", "2", "3", "4", "5"); got != "12 20 0 0 - " {
				t.Errorf("items: %s", got)
			}
			if got := w.rows(userView, "ann", "bob", "cid"); got != "3 4 2 " {
				t.Errorf("users: %s", got)
			}
			left, err := redis.ReadMaterialized(context.Background(), w.client, w.cfg)
			items, users := left["item_stats"], left["user_stats"]
			if err != nil || items.LastSuccess < before || items.NewestEvent != float64(newest/1000) || items.Rows != 8 ||
				users.LastSuccess < before || users.NewestEvent != 0 || users.Rows != 4 {
				t.Errorf("left behind: %+v, %v", left, err)
			}
		})
	}
}

func TestANewerRowInTheServerStays(t *testing.T) {
	w := newWorld(t, nil)
	w.opt.Views = []string{"item_stats"}
	w.place("items.csv", "item,n,color,at,written\n1,2,,2026-01-02,\n2,2,,2026-01-02,\n")
	w.run()
	w.place("items.csv", "item,n,color,at,written\n1,1,,2026-01-01,\n2,3,,2026-01-03,\n")
	if counts := w.run(); counts[0].Stored != 1 || counts[0].Older != 1 {
		t.Errorf("%+v; want one stored, one older", counts)
	}
	if got := w.rows(itemView, "1", "2"); got != "2 3 " {
		t.Errorf("items: %s", got)
	}
}

func TestARowThatCanNotBeUsedAnyMoreIsNotWritten(t *testing.T) {
	w := newWorld(t, func(_ *redis.Config, reg *features.Registry) {
		reg.Views[itemView].TTL, reg.Views[itemView].MaxStale = time.Hour, time.Hour
	})
	w.opt.Views = []string{"item_stats"}
	at := time.Now().Add(-90 * time.Minute).Truncate(time.Second)
	w.place("items.csv", "item,n,color,at,written\n1,1,,2020-01-01,\n2,2,,"+at.Format(time.RFC3339)+",\n")
	if counts := w.run(); counts[0].Stored != 1 || counts[0].Expired != 1 || counts[0].Read != 2 {
		t.Errorf("%+v; want one stored, one expired", counts)
	}
	if got := w.do("PEXPIRETIME", "rankgate:item_stats:2"); got != fmt.Sprint(at.Add(2*time.Hour).UnixMilli()) {
		t.Errorf("the row expires at %s; want two hours after %v", got, at)
	}
}

func TestAnotherSourceIsReadInPlaceOfTheViews(t *testing.T) {
	w := newWorld(t, nil)
	w.opt.Views = []string{"user_stats"}
	w.opt.From = w.place("elsewhere.csv", "user,n\nann,7\n")
	if counts := w.run(); len(counts) != 1 || counts[0].Stored != 1 {
		t.Errorf("%+v; want one row stored", counts)
	}
	if got := w.rows(userView, "ann"); got != "7 " {
		t.Errorf("users: %s", got)
	}
}

func TestARehearsalFindsWhatCouldNotBeWrittenAndWritesNothing(t *testing.T) {
	w := newWorld(t, layouts["feast"])
	w.opt.Writer = Rehearsal{w.opt.Writer.(*redis.Writer)}
	w.place("items.csv", itemsCSV)
	w.place("users/a.csv", "user,n\nann,7\n")
	if counts := w.run(); counts[0].Read != 8 || counts[0].Stored != 6 || counts[1].Stored != 1 {
		t.Errorf("%+v", counts)
	}
	if n := w.do("DBSIZE"); n != "0" {
		t.Errorf("%s keys were written", n)
	}
	w.opt.Registry.Entities[0].JoinType = features.JoinInt32
	writer, err := redis.NewWriter(w.client, w.cfg, w.opt.Registry)
	if err != nil {
		t.Fatal(err)
	}
	w.opt.Writer = Rehearsal{writer}
	w.place("items.csv", "item,n,color,at,written\n1,1,,2026-01-01,\n9876543210,1,,2026-01-01,\n")
	if _, err := Materialize(context.Background(), w.opt); err == nil || !strings.HasPrefix(err.Error(), `view item_stats: item "9876543210": `) {
		t.Errorf("%v; want an id out of range", err)
	}
}

func TestABrokenSourceIsToldWithItsPlace(t *testing.T) {
	w := newWorld(t, nil)
	w.opt.Views = []string{"item_stats"}
	path := w.place("items.csv", "item,n,color,at,written\n1,1,,2026-01-01,\n2,one,,2026-01-01,\n")
	counts, err := Materialize(context.Background(), w.opt)
	if err == nil || err.Error() != path+":3: column n: one is of another type; the column is float32" || counts[0].Read != 0 {
		t.Errorf("%+v, %v", counts, err)
	}
	if n := w.do("EXISTS", "rankgate::materialized"); n != "0" {
		t.Error("the run was noted as a success")
	}
}

func TestWhatMakesNoSenseIsRefusedBeforeAnythingIsRead(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"another view":     {func(o *Options) { o.Views = []string{"x"} }, `there is no view "x"; there are item_stats, user_stats`},
		"one source":       {func(o *Options) { o.From = "x.csv" }, "x.csv is the source of one view, and there are 2; name the view"},
		"no such source":   {func(o *Options) { o.From, o.Views = "x.csv", []string{"item_stats"} }, "stat x.csv: no such file or directory"},
		"no such file":     {func(*Options) {}, "views.item_stats.source: stat "},
		"no source":        {func(o *Options) { o.Views = []string{"user_stats"}; o.Registry.Views[1].Source = "" }, "views.user_stats.source: missing"},
		"no source at all": {func(o *Options) { o.Registry.Views[0].Source, o.Registry.Views[1].Source = "", "" }, "views: none has a source"},
		"no times":         {func(o *Options) { o.Registry.Views[1].TTL = time.Hour }, "views.user_stats.ttl: without event_time"},
	} {
		opt := Options{Registry: shop(), Dir: t.TempDir()}
		test.change(&opt)
		if _, err := Materialize(context.Background(), opt); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %s", name, err, test.want)
		}
	}
}

// memory is a Writer that keeps nothing.
type memory struct{ written func() }

func (m memory) Write(_ context.Context, _ int, records []features.Record) (redis.Written, error) {
	m.written()
	return redis.Written{Stored: len(records)}, nil
}

func (memory) Finish(context.Context, int, redis.Materialized) error { return nil }

func TestMemoryDoesNotGrowWithTheSource(t *testing.T) {
	const rows, bound = 2_000_000, 64 << 20
	w := &world{t: t, opt: Options{Registry: shop(), Dir: t.TempDir(), Views: []string{"item_stats"}}}
	w.placeItems(rows, func(i int) itemRow {
		return itemRow{Item: int64(i), N: float32(i), Color: "color " + decimal(i), At: today + int64(i), Written: today}
	})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	most := uint64(0)
	w.opt.Baseline = filepath.Join(w.opt.Dir, "baseline.json")
	w.opt.Writer = memory{func() {
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
	}}
	if counts := w.run(); counts[0].Stored != rows {
		t.Errorf("%+v; want %d rows", counts, rows)
	}
	if most > before.HeapAlloc+bound {
		t.Errorf("the heap grew from %d to %d MiB; the bound is %d more", before.HeapAlloc>>20, most>>20, bound>>20)
	}
	t.Logf("the heap grew by %d MiB", (most-before.HeapAlloc)>>20)
}

func TestTheBaselineIsWhatTheEmbeddedStoreLearns(t *testing.T) {
	w := newWorld(t, nil)
	w.opt.Registry.Views[userView].MaxStale = 0
	w.opt.Views = []string{"item_stats"}
	w.opt.Baseline = filepath.Join(t.TempDir(), "baseline.json")
	w.opt.Batch = 7
	text := "item,n,color,at,written\n"
	for i := range 50 {
		text += fmt.Sprintf("%d,%v,%s,2026-01-01,\n", i, float32(i)*1.1, []string{"red", "blue", "blue"}[i%3])
	}
	w.place("items.csv", text)
	w.place("users/a.csv", "user,n\nann,1\n")
	other := &features.Baseline{Views: map[string]features.ViewBaseline{
		"item_stats": {}, "other": {Rows: 7, Columns: map[string]features.ColumnBaseline{"x": {Mean: []float64{1}}}},
	}}
	if err := features.WriteBaseline(w.opt.Baseline, other); err != nil {
		t.Fatal(err)
	}
	w.run()
	b, err := features.ReadBaseline(w.opt.Baseline)
	if err != nil || b.Views["item_stats"].Rows != 50 || !reflect.DeepEqual(b.Views["other"], other.Views["other"]) {
		t.Fatalf("%+v, %v", b, err)
	}
	embedded := features.NewMemory(w.opt.Registry)
	if err := embedded.Load(context.Background(), w.opt.Dir); err != nil {
		t.Fatal(err)
	}
	q := &features.Query{Request: &rank.Request{Items: []rank.Item{{ID: "999"}}}, Items: []int32{0}}
	q.Lookups = []features.Lookup{{View: itemView, Rows: make([]*features.Row, 1)}}
	embedded.Fetch(q, time.Time{})
	view := &w.opt.Registry.Views[itemView]
	got, err := b.Missing(view, features.LayoutOf(view.Columns))
	if err != nil || !reflect.DeepEqual(&got, q.Lookups[0].Default) {
		t.Errorf("%+v, %v; want %+v", got, err, q.Lookups[0].Default)
	}
	if err := os.WriteFile(w.opt.Baseline, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Materialize(context.Background(), w.opt); err == nil || !strings.HasPrefix(err.Error(), w.opt.Baseline+":1: version") {
		t.Errorf("a broken baseline: %v", err)
	}
}

func TestAViewWithoutASourceIsLeftOut(t *testing.T) {
	w := newWorld(t, nil)
	w.place("items.csv", itemsCSV)
	w.opt.Registry.Views[userView].Source = ""
	if counts := w.run(); len(counts) != 1 || counts[0].Name != "item_stats" {
		t.Errorf("%+v", counts)
	}
}
