package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/model"
)

// layouts are the ways in which rows may lie in a server.
var layouts = map[string]func(*Config, *features.Registry){
	"packed": func(*Config, *features.Registry) {},
	"feast":  asFeast,
}

func TestWrittenRowsAreReadByTheStore(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, layout)
			records, ids := l.items(3000, today)
			if w := l.write(itemView, records...); w != (Written{Stored: 3000}) {
				t.Errorf("%+v; want 3000 rows stored", w)
			}
			l.write(userView, l.record("u:1", "", 7, today, 0))
			l.write(pairView, l.record("u:1", "i5", 8, today, 0))
			for i, n := range l.read(itemView, "", ids...) {
				if n != float32(i) {
					t.Fatalf("item %d: %v", i, n)
				}
			}
			if user, pair := l.read(userView, "u:1"), l.read(pairView, "u:1", "i5", "i6"); user[0] != 7 || !slices.Equal(pair, []float32{8, -1}) {
				t.Errorf("user %v, pairs %v; want 7, 8 and none", user, pair)
			}
		})
	}
}

func TestAnOlderRowIsSkippedAndAnEqualOneReplaces(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, layout)
			for _, step := range []struct {
				at, n float32
				want  Written
				value float32
			}{
				{10, 1, Written{Stored: 1}, 1},
				{9, 2, Written{Older: 1}, 1},
				{10, 3, Written{Stored: 1}, 3},
				{0, 4, Written{Older: 1}, 3},
				{11, 5, Written{Stored: 1}, 5},
			} {
				if w := l.write(itemView, l.record("", "a", step.n, int64(step.at), 0)); w != step.want {
					t.Errorf("at %v: %+v; want %+v", step.at, w, step.want)
				}
				if got := l.read(itemView, "", "a")[0]; got != step.value {
					t.Errorf("after %v: %v; want %v", step.at, got, step.value)
				}
			}
		})
	}
}

func TestTheCreatedTimeBreaksATie(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, func(cfg *Config, reg *features.Registry) {
				layout(cfg, reg)
				reg.Views[itemView].EventTime, reg.Views[itemView].CreatedTime = "at", "written"
			})
			l.write(itemView, l.record("", "a", 1, today, 5))
			if w := l.write(itemView, l.record("", "a", 2, today, 4), l.record("", "b", 2, today, 4)); w != (Written{Stored: 1, Older: 1}) {
				t.Errorf("%+v; want one stored, one older", w)
			}
			l.write(itemView, l.record("", "b", 3, today, 0), l.record("", "c", 4, today, 0))
			l.write(itemView, l.record("", "c", 5, today, 0))
			if got := l.read(itemView, "", "a", "b", "c"); !slices.Equal(got, []float32{1, 2, 5}) {
				t.Errorf("%v; want 1, 2, 5", got)
			}
		})
	}
}

func TestARowOfAnotherSchemaIsReplacedByTheirEventTimesAlone(t *testing.T) {
	l := newLedger(t, func(_ *Config, reg *features.Registry) {
		reg.Views[itemView].EventTime, reg.Views[itemView].CreatedTime = "at", "written"
	})
	l.write(itemView, l.record("", "a", 1, today, 9), l.record("", "b", 2, today, 9))
	view := &l.reg.Views[itemView]
	view.Columns = append(slices.Clone(view.Columns), features.Column{Name: "m", Type: model.Int64})
	l.renew()
	layout := features.LayoutOf(view.Columns)
	row := func(item string, at, created int64) features.Record {
		r := features.Record{Item: item, Row: layout.NewRow(), Created: created}
		layout.Cells[0].SetFloat(&r.Row, 3)
		r.Row.Time = at
		return r
	}
	if w := l.write(itemView, row("a", today-1, 9), row("b", today, 8)); w != (Written{Stored: 1, Older: 1}) {
		t.Errorf("%+v; want one stored, one older", w)
	}
	if got := l.read(itemView, "", "a", "b"); !slices.Equal(got, []float32{1, 3}) {
		t.Errorf("%v; want 1 and 3", got)
	}
	for _, v := range []*features.View{view, &shop().Views[itemView]} {
		if v != view {
			v.EventTime, v.CreatedTime = "at", "written"
		}
		schema := packed.New("rankgate", v, features.LayoutOf(v.Columns)).Schema()
		if text := l.do("HGET", "rankgate::schemas", packed.SchemaField("item_stats", schema.ID())); text != schema.String() {
			t.Errorf("the server knows the schema as %q; want %q", text, schema)
		}
	}
}

func TestRowsOfOneEntityInOneWriteCountInTheirOrder(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, layout)
			var records []features.Record
			for i := range 1000 {
				records = append(records, l.record("", fmt.Sprint("i", i%300), float32(i), today, 0))
			}
			if w := l.write(itemView, records...); w != (Written{Stored: 1000}) {
				t.Errorf("%+v; want 1000 rows stored", w)
			}
			if got := l.read(itemView, "", "i0", "i99", "i100", "i299"); !slices.Equal(got, []float32{900, 999, 700, 899}) {
				t.Errorf("%v; want the last row of each", got)
			}
		})
	}
}

func TestPackedRowsExpireWhenTheyCanNotBeUsedAnyMore(t *testing.T) {
	l := newLedger(t, func(_ *Config, reg *features.Registry) {
		reg.Views[itemView].EventTime, reg.Views[itemView].TTL, reg.Views[itemView].MaxStale = "at", time.Hour, time.Minute
	})
	now := time.Now()
	l.writer.now = func() time.Time { return now }
	lasts := (time.Hour + time.Minute).Milliseconds()
	fresh, gone := now.UnixMilli()-lasts+60_000, now.UnixMilli()-lasts
	records := []features.Record{l.record("", "fresh", 1, fresh, 0), l.record("", "gone", 2, gone, 0), l.record("", "timeless", 3, 0, 0)}
	if w, err := l.writer.Rehearse(itemView, records); w != (Written{Stored: 2, Expired: 1}) || err != nil || l.do("DBSIZE") != "0" {
		t.Errorf("rehearsed: %+v, %v; want 2 stored, 1 expired, and nothing sent", w, err)
	}
	if w := l.write(itemView, records...); w != (Written{Stored: 2, Expired: 1}) {
		t.Errorf("%+v; want 2 stored, 1 expired", w)
	}
	for item, want := range map[string]string{"fresh": fmt.Sprint(fresh + lasts), "gone": "-2", "timeless": "-1"} {
		if got := l.do("PEXPIRETIME", l.key(itemView, "", item)); got != want {
			t.Errorf("%s expires at %s; want %s", item, got, want)
		}
	}
	if w := l.write(itemView, l.record("", "fresh", 4, fresh-1, 0)); w != (Written{Older: 1}) {
		t.Errorf("%+v; want one older", w)
	}
}

func TestKeyTTLIsTheLifeOfAKeyInBothLayouts(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, func(cfg *Config, reg *features.Registry) {
				layout(cfg, reg)
				cfg.KeyTTL = time.Hour
				reg.Views[itemView].TTL, reg.Views[itemView].EventTime = time.Second, "at"
			})
			if w := l.write(itemView, l.record("", "a", 1, today, 0)); w != (Written{Stored: 1}) {
				t.Errorf("%+v; want one stored", w)
			}
			key := l.key(itemView, "", "a")
			if left := l.do("PTTL", key); left < "3500000" || left > "3600000" || len(left) != 7 {
				t.Errorf("the key has %s ms left; want an hour", left)
			}
			l.do("PERSIST", key)
			l.write(itemView, l.record("", "a", 1, today-1, 0))
			if left := l.do("PTTL", key); left != "-1" {
				t.Errorf("an older row made the key expire in %s ms", left)
			}
		})
	}
}

func TestAFeastRowOfManyColumnsIsWrittenWhole(t *testing.T) {
	l := newLedger(t, func(cfg *Config, reg *features.Registry) {
		asFeast(cfg, reg)
		for i := range 2500 {
			reg.Views[itemView].Columns = append(reg.Views[itemView].Columns, features.Column{Name: fmt.Sprint("c", i), Type: model.Float32})
		}
	})
	layout := features.LayoutOf(l.reg.Views[itemView].Columns)
	r := features.Record{Item: "a", Row: layout.NewRow()}
	for i := range layout.Cells {
		layout.Cells[i].SetInt(&r.Row, int64(i))
	}
	l.write(itemView, r, features.Record{Item: "b", Row: layout.NewRow()})
	if n := l.do("HLEN", l.key(itemView, "", "a")); n != "2502" {
		t.Errorf("the hash has %s fields; want 2501 columns and a time", n)
	}
	if got := l.read(itemView, "", "a"); got[0] != 0 {
		t.Errorf("%v; want 0", got)
	}
}

func TestAKeyThatHoldsSomethingElseIsAnErrorThatNamesTheEntity(t *testing.T) {
	for name, test := range map[string]struct {
		layout string
		hold   []string // a command after whose first word the key comes
		want   string
	}{
		"a list":            {"packed", []string{"RPUSH", "x"}, "its key holds a list"},
		"a hash":            {"packed", []string{"HSET", "x", "y"}, "its key holds a hash"},
		"a word":            {"packed", []string{"SET", "x"}, "its key holds a string that is no row"},
		"a later version":   {"packed", []string{"SET", "\x02" + strings.Repeat("x", 30)}, "its key holds a string that is no row of the packed layout, version 1"},
		"a string in Feast": {"feast", []string{"SET", "x"}, "its key holds a string"},
		"no time in Feast":  {"feast", []string{"HSET", "_ts:item_stats", "x"}, "its key holds a time that is no google.protobuf.Timestamp"},
		"half a time":       {"feast", []string{"HSET", "_ts:item_stats", "\x08\x80"}, "its key holds a time that is no google.protobuf.Timestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, layouts[test.layout])
			records, ids := l.items(5, today)
			l.do(append([]string{test.hold[0], l.key(itemView, "", ids[3])}, test.hold[1:]...)...)
			_, err := l.writer.Write(context.Background(), itemView, records)
			unfit, ok := errors.AsType[*RecordError](err)
			if !ok || unfit.Record != 3 || unfit.View != "item_stats" || !strings.HasPrefix(err.Error(), `view item_stats: item "i3": `+test.want) {
				t.Fatalf("%v; want %s", err, test.want)
			}
			if got := l.do("EXISTS", l.key(itemView, "", ids[0])); got != "0" {
				t.Error("a row of the same call was stored")
			}
			l.do("DEL", l.key(itemView, "", ids[3]))
			if w := l.write(itemView, records...); w.Stored != 5 {
				t.Errorf("%+v; want 5 stored", w)
			}
		})
	}
}

func TestARecordThatHasNoPlaceInTheServerIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		layout string
		record func(l *ledger) features.Record
		want   string
	}{
		"packed event":   {"packed", func(l *ledger) features.Record { return l.record("", "a", 1, 1<<53, 0) }, "the event time 9007199254740992 ms since 1970 is out of range"},
		"packed created": {"packed", func(l *ledger) features.Record { return l.record("", "a", 1, 0, -1<<53) }, "the created time -9007199254740992 ms since 1970 is out of range"},
		"feast event":    {"feast", func(l *ledger) features.Record { return l.record("", "a", 1, 253402300800_000, 0) }, "the event time 253402300800000 ms since 1970 is out of range: it must be in the years 1 to 9999"},
		"feast key":      {"int32", func(l *ledger) features.Record { return l.record("", "2147483648", 1, 0, 0) }, "item: the id 2147483648 is out of the range of an int32"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, func(cfg *Config, reg *features.Registry) {
				if test.layout == "int32" {
					reg.Entities[0] = features.Entity{Name: "item", Type: model.Int64, JoinType: features.JoinInt32}
				}
				if test.layout != "packed" {
					asFeast(cfg, reg)
				}
			})
			_, err := l.writer.Write(context.Background(), itemView, []features.Record{l.record("", "1", 1, 0, 0), test.record(l)})
			unfit, ok := errors.AsType[*RecordError](err)
			if !ok || unfit.Record != 1 || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v; want %s", err, test.want)
			}
			if w, again := l.writer.Rehearse(itemView, []features.Record{l.record("", "1", 1, 0, 0), test.record(l)}); w.Stored != 1 || again == nil || again.Error() != err.Error() {
				t.Errorf("rehearsed: %+v, %v; want %v", w, again, err)
			}
		})
	}
}

func TestTwoSchemasOfOneIDAreRefused(t *testing.T) {
	l := newLedger(t, nil)
	v := l.writer.views[itemView]
	l.do("HSET", v.schemas, v.field, "other int64")
	_, err := l.writer.Write(context.Background(), itemView, []features.Record{l.record("", "a", 1, today, 0)})
	want := "view item_stats: field " + v.field + ` of rankgate::schemas holds the schema "other int64"; the view's own, "n float32", has the same id`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestARunLeavesBehindThatItHasEnded(t *testing.T) {
	l := newLedger(t, nil)
	want := Materialized{LastSuccess: 1767225600.5, NewestEvent: 1767139200, Rows: 10}
	if err := l.writer.Finish(context.Background(), pairView, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadMaterialized(context.Background(), l.client, l.cfg)
	if err != nil || len(got) != 1 || got["pair_stats"] != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}
