package redis

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// feastWorld is a world in Feast's layout whose items have a number and a name.
func feastWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(c *Config, reg *features.Registry) {
		c.Layout, c.Project = Feast, "shop"
		reg.Entities[0].Type = model.Int64
		reg.Views[itemView].Columns = append(reg.Views[itemView].Columns,
			features.Column{Name: "name", Type: model.String, Default: features.Default{String: "?"}})
	})
}

// hset writes fields of the item's hash.
func (w *world) hset(item string, fields ...string) {
	w.t.Helper()
	v := w.store.views[itemView]
	key, err := v.feast.AppendKey(nil, "", item)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.do(append([]string{"HSET", string(key)}, fields...)...); err != nil {
		w.t.Fatal(err)
	}
}

func TestADamagedColumnOfAFeastRowCostsItselfOnly(t *testing.T) {
	w := feastWorld(t)
	names := w.store.views[itemView].feast.Fields()
	at := string(feast.EncodeTime(nil, time.Now().UnixMilli()))
	w.hset("7", names[0], "\x12\x05seven", names[1], "\x12\x05seven", names[2], at) // the number is a text
	found := features.Inspect(w.store, w.reg, "", "7", time.Now(), time.Now().Add(long))
	columns := found[0].Columns
	if found[0].Status != rank.Present || columns[0].Status != rank.NullValue || columns[0].Value != float32(-1) || columns[1].Value != "seven" {
		t.Errorf("%+v", found[0])
	}
	if s := w.store.Stats(); s.Failed[Damaged] != 1 || s.Opened != 0 {
		t.Errorf("%d damaged rows counted; want 1", s.Failed[Damaged])
	}
}

func TestAFeastEntityWithoutARowInTheViewIsMissing(t *testing.T) {
	w := feastWorld(t)
	names := w.store.views[itemView].feast.Fields()
	w.hset("7", names[0], "\x35\x00\x00\x00\x3f") // no time: Feast has written no row of this view
	if got := w.fetch(long, itemView, "", "7", "no-number"); got.String() != "[-1 -1] [0 0]" {
		t.Errorf("%v; want the defaults of rows that are not there", got)
	}
}

func TestTheWordOfAFeastWriteDropsTheRowsOfEveryView(t *testing.T) {
	w := feastWorld(t)
	names := w.store.views[itemView].feast.Fields()
	at := string(feast.EncodeTime(nil, time.Now().UnixMilli()))
	w.hset("7", names[0], "\x35\x00\x00\x00\x3f", names[2], at)
	if got := w.fetch(long, itemView, "", "7").values[0]; got != 0.5 {
		t.Fatalf("read %v; want 0.5", got)
	}
	w.hset("7", names[0], "\x35\x00\x00\x80\x3f")
	eventually(t, "the new value", func() bool { return w.fetch(long, itemView, "", "7").values[0] == 1 })
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	if len(w.heard.changes) == 0 || w.heard.changes[0] != "/7" {
		t.Errorf("heard of %v", w.heard.changes)
	}
}
