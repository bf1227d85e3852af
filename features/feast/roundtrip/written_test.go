package roundtrip

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

func TestRowsThatTheGatewayWroteAreReadByFeast(t *testing.T) {
	judge := startOracle(t)
	declared := store{Dir: t.TempDir(), Addr: redistest.Start(t).Addr, KeyVersion: 3}
	reg := importRegistry(t, judge.materialize(t, declared))
	for _, version := range []int{3, 2} {
		at := store{Dir: declared.Dir, Addr: redistest.Start(t).Addr, KeyVersion: version}
		written := map[string]bool{}
		for view := range reg.Views {
			records := someRecords(&reg.Views[view], time.Now().UnixMilli())
			if got := write(t, at, reg, view, records...); got != (redis.Written{Stored: len(records)}) {
				t.Errorf("%s: %+v of %d records", reg.Views[view].Name, got, len(records))
			}
			for i := range records {
				written[strings.Join(subject(reg, reg.Views[view].Name, records[i].User, records[i].Item), " ")] = true
				compareRecord(t, judge, at, reg, view, &records[i])
			}
		}
		compare(t, judge, at, reg, func(view, user, item string) rank.Status {
			if written[strings.Join(subject(reg, view, user, item), " ")] {
				return rank.Present
			}
			return rank.Missing
		})
	}
}

func TestNeitherSideReplacesANewerRowOfTheOther(t *testing.T) {
	judge := startOracle(t)
	at := store{Dir: t.TempDir(), Addr: redistest.Start(t).Addr, KeyVersion: 3}
	reg := importRegistry(t, judge.materialize(t, at)) // an hour ago, as of its rows
	prices, now := viewNamed(t, reg, "item_prices"), time.Now()
	price := func(item string, f float32, age time.Duration) features.Record {
		row := features.LayoutOf(reg.Views[prices].Columns).NewRow()
		features.LayoutOf(reg.Views[prices].Columns).Cells[0].SetFloat(&row, float64(f))
		row.Time = now.Add(-age).UnixMilli()
		return features.Record{Item: item, Row: row}
	}
	got := write(t, at, reg, prices, price("fresh", 10, 2*time.Hour), price("é 9", 20, time.Minute))
	if got != (redis.Written{Stored: 1, Older: 1}) {
		t.Errorf("over rows an hour old: %+v", got)
	}
	judge.materialize(t, at)
	for item, want := range map[string]float32{"fresh": 1, "é 9": 20} {
		theirs := judge.read(t, at, []string{"item_prices:price"}, []map[string]any{{"item_id": item}})[0][0]
		ours := readOurs(t, at, reg, "1")[item]["item_prices.price"]
		if float32Of(theirs) != want || ours.Value != want {
			t.Errorf("%s: Feast has %v, the gateway %v; want %v", item, theirs, ours.Value, want)
		}
	}
}

// someRecords makes records of all users and items but the unknown ones. Every
// third cell is null, and the others differ.
func someRecords(view *features.View, at int64) []features.Record {
	user, item, _ := view.Subject()
	layout := features.LayoutOf(view.Columns)
	var records []features.Record
	for i := range users[:3] {
		for j := range items[:3] {
			r := features.Record{Row: layout.NewRow()}
			switch {
			case user && item:
				r.User, r.Item = users[i], items[j]
			case user && j == 0:
				r.User = users[i]
			case item && i == 0:
				r.Item = items[j]
			default:
				continue
			}
			for c := range layout.Cells {
				if n := len(records) + c; n%3 < 2 {
					fill(&layout.Cells[c], &r.Row, n)
				}
			}
			r.Row.Time = at - int64(len(records))
			records = append(records, r)
		}
	}
	return records
}

// fill stores a value that n tells from others.
func fill(c *features.Cell, row *features.Row, n int) {
	extremes := []int64{-1 << 31, 1<<31 - 1, 0, -7}
	if c.Type == model.Int64 {
		extremes[0], extremes[1] = -1<<63, 1<<63-1
	}
	switch {
	case c.Length > 0:
		c.SetVector(row, []float32{float32(n), -0.1, 3.4e38}[:c.Length])
	case c.Type == model.String:
		c.SetString(row, []string{"", "é ü", strings.Repeat("long ", 40)}[n%3])
	case c.Type == model.Bool:
		c.SetBool(row, n%2 == 0)
	case c.Kind == features.IntCell:
		c.SetInt(row, extremes[n%len(extremes)])
	default:
		c.SetFloat(row, []float64{0.1, -3.4e38, 1e-45, 0}[n%4])
	}
}

func write(t *testing.T, at store, reg *features.Registry, view int, records ...features.Record) redis.Written {
	t.Helper()
	cfg := configOf(at)
	client, err := redis.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	w, err := redis.NewWriter(client, cfg, reg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Write(t.Context(), view, records)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// compareRecord holds what Feast reads against the cells that were written.
func compareRecord(t *testing.T, judge *oracle, at store, reg *features.Registry, view int, r *features.Record) {
	t.Helper()
	v := &reg.Views[view]
	layout := features.LayoutOf(v.Columns)
	var names []string
	for _, c := range v.Columns {
		names = append(names, v.Stored()+":"+c.Name)
	}
	entity := map[string]any{}
	if r.User != "" {
		entity["user_id"] = json.Number(r.User)
	}
	if r.Item != "" {
		entity["item_id"] = r.Item
	}
	for c, theirs := range judge.read(t, at, names, []map[string]any{entity})[0] {
		ours := valueOf(&layout.Cells[c], &r.Row)
		if ours == nil || theirs == nil {
			if ours != nil || theirs != nil {
				t.Errorf("%s of %v: wrote %v, and Feast reads %v", names[c], entity, ours, theirs)
			}
			continue
		}
		if got := as(theirs, ours); !reflect.DeepEqual(got, ours) {
			t.Errorf("%s of %v: wrote %v, and Feast reads %v", names[c], entity, ours, got)
		}
	}
}

// valueOf is a cell's value, nil for a null.
func valueOf(c *features.Cell, row *features.Row) any {
	switch {
	case row.Null(c.Bit):
		return nil
	case c.Length > 0:
		return row.Floats[c.At : c.At+c.N]
	case c.Type == model.String:
		return row.Strings[c.At]
	case c.Type == model.Bool:
		return row.Ints[c.At] != 0
	case c.Kind == features.IntCell:
		return row.Ints[c.At]
	default:
		return row.Floats[c.At]
	}
}

func viewNamed(t *testing.T, reg *features.Registry, name string) int {
	t.Helper()
	for i := range reg.Views {
		if reg.Views[i].Name == name {
			return i
		}
	}
	t.Fatalf("no view %s", name)
	return 0
}
