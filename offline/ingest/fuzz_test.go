package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rankgate/rankgate/features"
)

// FuzzDecode decodes any bytes. Nothing may panic; a refusal has words that fit
// a line; what is accepted is JSON in which encoding/json finds the same values.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(priceEvent(7, 1000, 9.5)))
	f.Add([]byte(`{"view":"user_stats","user":"\u00e4","event_time":"2026-11-24","columns":{"age":1e0,"embedding":[1,2,3],"country":"de","visits":-1,"paying":true,"ratio":null}}`))
	f.Add([]byte(`{"view":"user_item","user":"a","item":2,"event_time":1.5,"created_time":1e9,"columns":{"clicks":3}}`))
	f.Add([]byte(`{"columns":{"embedding":[[],{},"\""]},"view":"user_stats","user":1}`))
	d, reg := testDecoder(), catalogue()
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		event, refusal := d.decode(text, noon)
		if !bytes.Equal(text, before) {
			t.Fatalf("the event was changed to %q", text)
		}
		if refusal != nil {
			words := refusal.Message
			if words == "" || len(words) > 400 || strings.ContainsAny(words, "\n\x1b") || !utf8.ValidString(words) {
				t.Errorf("words %q", words)
			}
			return
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var want map[string]any
		if err := dec.Decode(&want); err != nil || len(text) > 1000 {
			t.Fatalf("%q of %d bytes was accepted: %v", text, len(text), err)
		}
		view := &reg.Views[event.View]
		if want["view"] != view.Name {
			t.Errorf("view %s; want %v", view.Name, want["view"])
		}
		sameID(t, event.Record.User, want["user"])
		sameID(t, event.Record.Item, want["item"])
		columns := want["columns"].(map[string]any)
		for _, c := range features.LayoutOf(view.Columns).Cells {
			sameCell(t, &c, &event.Record.Row, columns[c.Name])
			delete(columns, c.Name)
		}
		if len(columns) > 0 {
			t.Errorf("columns %v were not read", columns)
		}
	})
}

func sameID(t *testing.T, got string, want any) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		if got != "" {
			t.Errorf("id %q from nowhere", got)
		}
	case string:
		if got != want {
			t.Errorf("id %q; want %q", got, want)
		}
	case json.Number:
		if got != want.String() {
			t.Errorf("id %q; want %s", got, want)
		}
	}
}

func sameCell(t *testing.T, c *features.Cell, row *features.Row, want any) {
	t.Helper()
	var got any
	switch {
	case row.Null(c.Bit) != (want == nil):
		t.Errorf("%s: null is %v; want %v", c.Name, row.Null(c.Bit), want)
		return
	case want == nil:
		return
	case c.Kind == features.StringCell:
		got = row.Strings[c.At]
	case c.Kind == features.IntCell:
		got = row.Ints[c.At]
	case c.Length > 0:
		for i, element := range want.([]any) {
			sameNumber(t, c.Name, row.Floats[c.At+i], element)
		}
		return
	default:
		sameNumber(t, c.Name, row.Floats[c.At], want)
		return
	}
	switch want := want.(type) {
	case string:
		if got != want {
			t.Errorf("%s: %v; want %q", c.Name, got, want)
		}
	case bool:
		if (got == int64(1)) != want {
			t.Errorf("%s: %v; want %v", c.Name, got, want)
		}
	case json.Number:
		f, err := want.Float64()
		if n, wrong := want.Int64(); wrong == nil && got != n || wrong != nil && (err != nil || float64(got.(int64)) != f) {
			t.Errorf("%s: %v; want %s", c.Name, got, want)
		}
	}
}

func sameNumber(t *testing.T, name string, got float32, want any) {
	t.Helper()
	if f, err := want.(json.Number).Float64(); err != nil || got != float32(f) {
		t.Errorf("%s: %v; want %v", name, got, want)
	}
}
