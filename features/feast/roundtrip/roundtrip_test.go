// Package roundtrip holds the Feast layout against the released feast package
// and a real Redis server, both ways.
package roundtrip

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Users and items of the repository in feastd.py, and one of each that it does
// not know.
var (
	users = []string{"1", "-5", "9007199254740993", "404"}
	items = []string{"fresh", "é 9", "old", "unknown"}
)

// project is the Feast project of feastd.py.
const project = "shop"

func TestRowsThatFeastMaterializedAreReadAsFeastReadsThem(t *testing.T) {
	judge := startOracle(t)
	for _, version := range []int{3, 2} {
		server := redistest.Start(t)
		at := store{Dir: t.TempDir(), Addr: server.Addr, KeyVersion: version}
		reg := importRegistry(t, judge.materialize(t, at))
		compare(t, judge, at, reg, func(view, user, item string) rank.Status {
			known := map[string]bool{
				"user_types 1": true, "user_types -5": true, "user_types 9007199254740993": true,
				"item_prices fresh": true, "item_prices é 9": true,
				"affinity 1 fresh": true, "affinity 1 old": true, "affinity -5 fresh": true,
			}
			if known[strings.Join(subject(reg, view, user, item), " ")] {
				return rank.Present
			}
			return rank.Missing // item old is older than its view's ttl
		})
		for i := range reg.Views {
			reg.Views[i].MaxStale = 30 * 24 * time.Hour
		}
		answers := readOurs(t, at, reg, "1")
		if got := answers["old"]["item_prices.price"]; got.Status != rank.Stale || got.Value != float32(3) {
			t.Errorf("key version %d: a row within max_stale is %v, %s", version, got.Value, got.Status)
		}
	}
}

// importRegistry is what `gateway features import` does.
func importRegistry(tb testing.TB, path string) *features.Registry {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	registry, err := feast.ReadRegistry(data)
	if err != nil {
		tb.Fatal(err)
	}
	got, err := registry.Import(feast.ImportOptions{})
	if err != nil || got.Project != project || got.Omitted != nil || len(got.Registry.Views) != 3 {
		tb.Fatalf("%+v, %v", got, err)
	}
	return got.Registry
}

// subject is the view's name and the ids that one of its rows is about.
func subject(reg *features.Registry, view, user, item string) []string {
	ids := map[string]string{features.UserEntity: user, features.ItemEntity: item}
	out := []string{view}
	for i := range reg.Views {
		if reg.Views[i].Name == view {
			for _, entity := range reg.Views[i].Entities {
				out = append(out, ids[entity])
			}
		}
	}
	return out
}

// compare reads every feature of every user and item with Feast and with our own
// store. found says whether there is a row that may be used.
func compare(t *testing.T, judge *oracle, at store, reg *features.Registry, found func(view, user, item string) rank.Status) {
	t.Helper()
	var names []string
	for _, v := range reg.Views {
		for _, c := range v.Columns {
			names = append(names, v.Stored()+":"+c.Name)
		}
	}
	compared := 0
	for _, user := range users {
		answers := readOurs(t, at, reg, user)
		for i, row := range judge.read(t, at, names, entitiesOf(user)) {
			for c, theirs := range row {
				view, column, _ := strings.Cut(names[c], ":")
				ours := answers[items[i]][view+"."+column]
				status := found(view, user, items[i])
				if status == rank.Present && theirs == nil {
					status = rank.NullValue
				}
				if status != rank.Present {
					theirs = nil
				}
				want := as(theirs, ours.Value)
				if ours.Status != status || !reflect.DeepEqual(ours.Value, want) {
					t.Errorf("key version %d, %s of %s and %s: %v, %s; Feast has %v, %s",
						at.KeyVersion, names[c], user, items[i], ours.Value, ours.Status, want, status)
				}
				compared++
			}
		}
	}
	if want := len(users) * len(items) * len(names); compared != want || len(names) != 18 {
		t.Errorf("%d values of %d features were compared", compared, len(names))
	}
}

// entitiesOf is the user with every item, as Feast is asked.
func entitiesOf(user string) []map[string]any {
	entities := make([]map[string]any, len(items))
	for i, item := range items {
		entities[i] = map[string]any{"user_id": json.Number(user), "item_id": item}
	}
	return entities
}

// as is a value of Feast's as the type of ours, zero for nil.
func as(theirs, ours any) any {
	switch ours := ours.(type) {
	case bool:
		return theirs != nil && theirs.(bool)
	case string:
		if theirs == nil {
			return ""
		}
		return theirs
	case int64:
		return int64Of(theirs)
	case float32:
		return float32Of(theirs)
	case []float32:
		out := make([]float32, len(ours))
		if list, ok := theirs.([]any); ok && len(list) == len(out) {
			for i := range list {
				out[i] = float32Of(list[i])
			}
		}
		return out
	default:
		return fmt.Sprintf("a %T", ours)
	}
}

func int64Of(theirs any) int64 {
	if theirs == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(theirs.(json.Number)), 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return n
}

func float32Of(theirs any) float32 {
	if theirs == nil {
		return 0
	}
	f, err := theirs.(json.Number).Float64()
	if err != nil {
		return float32(math.NaN())
	}
	return float32(f)
}

// readOurs reads every feature of a user and all items with the gateway's own
// store, along a plan, and tells value and status by item and name.
func readOurs(t *testing.T, at store, reg *features.Registry, user string) map[string]map[string]rank.Feature {
	t.Helper()
	ours, err := redis.Open(configOf(at), reg, nil, deaf{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	plan := planOfAll(t, reg)
	req := &rank.Request{User: user, Explain: true}
	candidates := make([]int32, len(items))
	for i, item := range items {
		req.Items = append(req.Items, rank.Item{ID: item})
		candidates[i] = int32(i)
	}
	var rows features.Rows
	now := time.Now()
	plan.Fetch(ours, req, candidates, now, now.Add(time.Minute), &rows)
	out := map[string]map[string]rank.Feature{}
	for i, item := range items {
		out[item] = map[string]rank.Feature{}
		for _, f := range rows.ExplainItem(int32(i)) {
			out[item][f.Name] = f
		}
	}
	return out
}

func configOf(at store) redis.Config {
	cfg := redis.DefaultConfig()
	cfg.Addresses, cfg.Layout, cfg.Project, cfg.KeyVersion = []string{at.Addr}, redis.Feast, project, at.KeyVersion
	return cfg
}

// deaf hears no changes.
type deaf struct{}

func (deaf) Changed(string, string) {}
func (deaf) ChangedAll()            {}

// planOfAll reads every column, each into an input of its own type.
func planOfAll(t *testing.T, reg *features.Registry) *features.Plan {
	t.Helper()
	sig := &model.Signature{}
	for _, v := range reg.Views {
		for _, c := range v.Columns {
			sig.Inputs = append(sig.Inputs, model.Feed{
				Tensor: model.Tensor{Name: v.Name + "." + c.Name, Type: c.Type}, Width: max(c.Length, 1),
				Columns: []model.Column{{View: v.Name, Name: c.Name}},
			})
		}
	}
	plan, err := features.Compile(reg, sig)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
