package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

// storeServer is a Redis server with rows of the views of a registry.
type storeServer struct {
	t      testing.TB
	server *redistest.Server
	cfg    redis.Config
	reg    *features.Registry
}

func newStoreServer(t testing.TB) *storeServer {
	t.Helper()
	return newStoreServerOf(t, arithmetic(t)["features.yaml"])
}

// newStoreServerOf starts a server without rows for the views of a features.yaml.
func newStoreServerOf(t testing.TB, registry string) *storeServer {
	t.Helper()
	r := &storeServer{t: t, server: redistest.Start(t), cfg: redis.DefaultConfig()}
	r.cfg.Addresses = []string{r.server.Addr}
	r.cfg.Timeout = 5 * time.Second // on a busy machine too
	var err error
	dir := tree(t, map[string]string{"features.yaml": registry})
	if r.reg, _, err = config.ReadRegistry(filepath.Join(dir, "features.yaml")); err != nil {
		t.Fatal(err)
	}
	return r
}

// storeRow is a row of a view to be written: fill sets its cells, which are null before.
type storeRow struct {
	view, user, item string
	fill             func(l *features.Layout, row *features.Row)
}

// put writes the row of one user or item with the given values.
func (r *storeServer) put(view, user, item string, at time.Time, values ...float32) {
	r.t.Helper()
	r.putRows(storeRow{view, user, item, func(l *features.Layout, row *features.Row) {
		if !at.IsZero() {
			row.Time = at.UnixMilli()
		}
		l.Cells[0].SetFloat(row, float64(values[0]))
		l.Cells[1].SetVector(row, values[1:])
	}})
}

func (r *storeServer) putRows(rows ...storeRow) {
	r.t.Helper()
	client, err := redis.Connect(r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	var commands rueidis.Commands
	for _, row := range rows {
		v := &r.reg.Views[slices.IndexFunc(r.reg.Views, func(v features.View) bool { return v.Name == row.view })]
		layout := features.LayoutOf(v.Columns)
		rec := features.Record{Row: layout.NewRow()}
		row.fill(layout, &rec.Row)
		codec := packed.New(r.cfg.Prefix, v, layout)
		key, err := codec.AppendKey(nil, row.user, row.item)
		if err != nil {
			r.t.Fatal(err)
		}
		commands = append(commands, client.B().Set().Key(string(key)).Value(string(codec.Encode(nil, &rec))).Build())
	}
	for _, result := range client.DoMulti(r.t.Context(), commands...) {
		if err := result.Error(); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestARankingFollowsWhatIsWrittenToRedis(t *testing.T) {
	r := newStoreServer(t)
	r.put("user_stats", "3", "", time.Time{}, 30000, 3000, 1, 0)
	r.put("item_stats", "", "7", time.Time{}, 7, 1, 7, 0)
	r.put("item_stats", "", "8", time.Time{}, 8, 1, 8, 0)
	f := startArithmetic(t, func(cfg *config.Config) { cfg.Features.Redis = &r.cfg })
	ask := func() ranking {
		got, _ := f.rank(t, "/rank", body(3, []int{7, 8, 9}, `,"budget_ms":2000`))
		return got
	}
	if got := fmt.Sprint(ask().Items); got != "[{8 30008} {7 30007} {9 30000}]" {
		t.Errorf("the first ranking is %s", got)
	}
	if got := ask(); got.Coverage["cache"] != 3 {
		t.Errorf("asked again, %v", got.Coverage)
	}
	r.put("item_stats", "", "7", time.Time{}, 70, 1, 70, 0)
	for end := time.Now().Add(20 * time.Second); ; {
		got := ask()
		if fmt.Sprint(got.Items) == "[{7 30070} {8 30008} {9 30000}]" && !got.Degraded {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the write does not show: %+v", got)
		}
	}
}

func TestARankingGoesOnWithoutRedis(t *testing.T) {
	r := newStoreServer(t)
	r.put("user_stats", "3", "", time.Time{}, 30000, 3000, 1, 0)
	f := startArithmetic(t, func(cfg *config.Config) { cfg.Features.Redis = &r.cfg })
	r.server.Kill()
	got, _ := f.rank(t, "/rank", body(3, []int{7, 8}, `,"budget_ms":2000`))
	if !got.Degraded || got.Coverage["model"] != 2 || fmt.Sprint(got.Items) != "[{7 0} {8 0}]" {
		t.Errorf("without the server: %+v", got)
	}
}

func TestFeaturesGetShowsRowsAndTheirReaders(t *testing.T) {
	r := newStoreServer(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	r.put("user_stats", "3", "", at, 30000, 3000, 1, 0)
	files := arithmetic(t)
	files["gateway.yaml"] = fmt.Sprintf("features: {registry: features.yaml, store: {redis: {addresses: [%q]}}}\n", r.server.Addr)
	gateway := filepath.Join(tree(t, files), "gateway.yaml")
	show := func(args ...string) string {
		t.Helper()
		code, written := command(t, append([]string{"features", "get", "-c", gateway}, args...)...)
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, written)
		}
		return written
	}
	text := show("user:3", "item:7")
	for _, want := range []string{
		"user_stats of user:3: present, 1h", at.UTC().Format(time.RFC3339), "redis " + r.server.Addr + " rankgate:user_stats:3",
		"tens   30000       present  sum/1", "tower  [3000,1,0]  present  towers/1", "item_stats of item:7: missing", "number  0        missing  sum/1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	var rows []shownRow
	if err := json.Unmarshal([]byte(show("--json", "user:3")), &rows); err != nil || len(rows) != 1 || rows[0].Status != "present" {
		t.Errorf("as JSON: %v, %+v", err, rows)
	}
	r.server.Kill()
	if code, written := command(t, "features", "get", "-c", gateway, "user:3"); code != exitFailure {
		t.Errorf("without the server: exit code %d, %s", code, written)
	}
	if code, written := command(t, "features", "get", "-c", gateway, "shop:3"); code != exitUsage || !strings.Contains(written, `"shop:3" is neither`) {
		t.Errorf("of a shop: exit code %d, %s", code, written)
	}
}
