package redis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
)

// BenchmarkFetch is what a request pays for the rows of 500 items of 10 floats:
//
//	kept     all are kept here
//	packed   none is, in the packed layout
//	floor    the bare MGET of the same bytes, values touched and not decoded
func BenchmarkFetch(b *testing.B) {
	const items, columns = 500, 10
	run := func(b *testing.B, kept bool) (*world, *features.Query) {
		w := newWorld(b, func(_ *Config, reg *features.Registry) {
			reg.Views[itemView].Columns = floatColumns(columns)
			if size := 0; !kept {
				reg.Views[itemView].Cache = features.RowCache{Size: &size, Tracking: features.TrackingOff}
			}
		})
		req, all := request("", numbered(items)...)
		for _, item := range req.Items {
			key, row := wide(b, w, item.ID)
			if err := w.do("SET", key, row); err != nil {
				b.Fatal(err)
			}
		}
		q := &features.Query{Request: req, Items: all, Lookups: []features.Lookup{{
			View: itemView, Rows: make([]*features.Row, items), Marks: make([]features.Mark, items),
		}}}
		w.store.Fetch(q, time.Now().Add(long))
		return w, q
	}
	for name, kept := range map[string]bool{"kept": true, "packed": false} {
		b.Run(name, func(b *testing.B) {
			w, q := run(b, kept)
			b.ReportAllocs()
			for b.Loop() {
				clear(q.Lookups[0].Rows)
				q.Own.Reset()
				w.store.Fetch(q, time.Now().Add(long))
				if q.Lookups[0].Rows[items-1] == nil {
					b.Fatal("a row is missing")
				}
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		w, q := run(b, false)
		client, keys := w.store.links[0].client(), make([]string, items)
		b.ReportAllocs()
		for b.Loop() {
			for i := range keys {
				keys[i] = "rankgate:item_stats:" + q.Request.Items[i].ID
			}
			values, err := client.Do(context.Background(), client.B().Mget().Key(keys...).Build()).ToArray()
			if err != nil || len(values) != items {
				b.Fatal(err)
			}
			for i := range values {
				if text, err := values[i].ToString(); err != nil || len(text) == 0 {
					b.Fatal("a row is missing")
				}
			}
		}
	})
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(100_000 + i)
	}
	return names
}

// wide returns a row of random floats for an item.
func wide(b *testing.B, w *world, item string) (key, row string) {
	b.Helper()
	v := &w.reg.Views[itemView]
	layout := features.LayoutOf(v.Columns)
	codec := packed.New(w.cfg.Prefix, v, layout)
	rec := features.Record{Row: layout.NewRow()}
	for i := range layout.Cells {
		layout.Cells[i].SetFloat(&rec.Row, rand.Float64())
	}
	name, err := codec.AppendKey(nil, "", item)
	if err != nil {
		b.Fatal(err)
	}
	return string(name), string(codec.Encode(nil, &rec))
}
