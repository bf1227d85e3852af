package ingest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
)

func testDecoder() *Decoder {
	cfg := DefaultConfig()
	cfg.MaxEvent = 1000
	return NewDecoder(catalogue(), &cfg)
}

func TestAnEventBecomesTheRowOfItsView(t *testing.T) {
	text := []byte(` {"columns": {"age": 31.5, "embedding": [0.5, -1, 2e1], "country": "d\u0065", "visits": 7.0,
		"paying": true, "ratio": 3}, "user": "4\"2", "event_time": "2026-11-24T10:00:00Z", "created_time": 1795514400.5, "view": "user_stats"} `)
	got, err := testDecoder().Decode(text, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := Event{View: userStats, Record: features.Record{
		User: `4"2`, Created: 1795514400500,
		Row: features.Row{
			Time: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).UnixMilli(), Floats: []float32{31.5, 0.5, -1, 20, 3},
			Ints: []int64{2, 7, 1}, Strings: []string{"de"}, Nulls: []uint64{0},
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	clear(text)
	if got.Record.Row.Strings[0] != "de" || got.Record.User != `4"2` {
		t.Error("the row shares memory with the event")
	}
}

func TestAColumnThatIsAbsentOrNullIsNull(t *testing.T) {
	event, err := testDecoder().Decode([]byte(`{"view":"user_stats","user":7,"event_time":1,"columns":{"age":null,"visits":1}}`), noon)
	if err != nil {
		t.Fatal(err)
	}
	row := &event.Record.Row
	for c, null := range []bool{true, true, true, false, true, true} {
		if row.Null(c) != null {
			t.Errorf("column %d: null is %v", c, row.Null(c))
		}
	}
	if event.Record.User != "7" || event.Record.Created != 0 {
		t.Errorf("%+v", event.Record)
	}
}

func TestARefusalNamesTheFieldAndTheValue(t *testing.T) {
	for _, c := range []struct {
		event  string
		reason Reason
		words  string
	}{
		{`{"view":"` + strings.Repeat("x", 1000), TooLarge, "the event is 1009 bytes; at most 1000 are read (ingest.max_event)"},
		{``, Malformed, "not JSON: byte 0: unexpected end of JSON input"},
		{`{"view":}`, Malformed, "not JSON: byte 9: invalid character '}' looking for beginning of value"},
		{`{"view":"a"} {}`, Malformed, "not JSON: byte 14: invalid character '{' after top-level value"},
		{"{\"view\":\"\xff\"}", Malformed, "not JSON: the text is not UTF-8"},
		{`[1]`, Malformed, "an event must be an object, not a list"},
		{`{"view":"a","view":"b"}`, Malformed, "view: given twice"},
		{`{"eventtime":1}`, UnknownField, "eventtime: unknown field; did you mean event_time?"},
		{`{"VIEW":1}`, UnknownField, "VIEW: unknown field; did you mean view?"},
		{`{}`, UnknownView, "view: missing"},
		{`{"view":["user_stats"]}`, UnknownView, "view: must be the name of a view, not a list"},
		{`{"view":"user_stat"}`, UnknownView, `view: there is no view "user_stat"; did you mean user_stats?`},
		{`{"view":"zzz"}`, UnknownView, `view: there is no view "zzz"; known are item_stats, user_item, user_stats`},
		{`{"view":"user_stats"}`, BadID, "user: missing, and the view user_stats is about [user]"},
		{`{"view":"user_stats","user":null}`, BadID, "user: missing, and the view user_stats is about [user]"},
		{`{"view":"user_stats","user":1,"item":2}`, BadID, "item: given, and the view user_stats is about [user]"},
		{`{"view":"user_item","user":1}`, BadID, "item: missing, and the view user_item is about [user, item]"},
		{`{"view":"user_stats","user":1.0}`, BadID, "user: must be a string or an integer, not 1.0"},
		{`{"view":"user_stats","user":-0}`, BadID, "user: must be a string or an integer, not -0"},
		{`{"view":"user_stats","user":true}`, BadID, "user: must be a string or an integer, not true"},
		{`{"view":"user_stats","user":""}`, BadID, "user: the id is empty"},
		{`{"view":"item_stats","item":"x7"}`, BadID, `item: the id "x7" is not an int64 in decimal form`},
		{`{"view":"item_stats","item":1}`, Malformed, "columns: missing"},
		{`{"view":"item_stats","item":1,"columns":[]}`, Malformed, "columns: must be an object, not a list"},
		{`{"view":"item_stats","item":1,"columns":{"prise":1}}`, UnknownColumn, "columns.prise: there is no such column in item_stats; did you mean price?"},
		{`{"view":"item_stats","item":1,"columns":{"price":1,"price":null}}`, Malformed, "columns.price: given twice"},
		{`{"view":"item_stats","item":1,"columns":{"price":"1"}}`, BadValue, `columns.price: "1" is of another type; the column is float32`},
		{`{"view":"item_stats","item":1,"columns":{"price":1e39}}`, BadValue, "columns.price: 1e39 is not finite; the column is float32"},
		{`{"view":"item_stats","item":1,"columns":{"price":[1]}}`, BadValue, "columns.price: a list is of another type; the column is float32"},
		{`{"view":"user_stats","user":1,"columns":{"paying":1}}`, BadValue, "columns.paying: 1 is of another type; the column is bool"},
		{`{"view":"user_stats","user":1,"columns":{"paying":["x"]}}`, BadValue, "columns.paying: a list is of another type; the column is bool"},
		{`{"view":"user_stats","user":1,"columns":{"visits":1.5}}`, BadValue, "columns.visits: 1.5 is not a whole number; the column is int64"},
		{`{"view":"user_stats","user":1,"columns":{"visits":9223372036854775808}}`, BadValue, "columns.visits: 9223372036854775808 is out of range; the column is int64"},
		{`{"view":"user_stats","user":1,"columns":{"embedding":[1,2]}}`, BadValue, "columns.embedding: a list has another length; the column is float32[3]"},
		{`{"view":"user_stats","user":1,"columns":{"embedding":[1,2,3,4]}}`, BadValue, "columns.embedding: a list has another length; the column is float32[3]"},
		{`{"view":"user_stats","user":1,"columns":{"embedding":[1,null,3]}}`, BadValue, "columns.embedding: a list is of another type; the column is float32[3]"},
		{`{"view":"user_stats","user":1,"columns":{"embedding":{"a":1}}}`, BadValue, "columns.embedding: an object is of another type; the column is float32[3]"},
		{`{"view":"user_stats","user":1,"columns":{"embedding":7}}`, BadValue, "columns.embedding: 7 is of another type; the column is float32[3]"},
		{`{"view":"item_stats","item":1,"columns":{}}`, BadTime, "event_time: missing; without one a late event would replace a newer row"},
		{`{"view":"item_stats","item":1,"columns":{},"event_time":"today"}`, BadTime, `event_time: "today" is not a time; it takes RFC 3339, 2006-01-02 15:04:05 or a number since 1970`},
		{`{"view":"item_stats","item":1,"columns":{},"event_time":""}`, BadTime, `event_time: "" is not a time; it takes RFC 3339, 2006-01-02 15:04:05 or a number since 1970`},
		{`{"view":"item_stats","item":1,"columns":{},"event_time":true}`, BadTime, "event_time: true is not a time; it takes RFC 3339, 2006-01-02 15:04:05 or a number since 1970"},
		{`{"view":"item_stats","item":1,"columns":{},"event_time":"2026-11-26T12:00:00Z"}`, BadTime,
			`event_time: "2026-11-26T12:00:00Z" is 48h0m0s ahead of this machine's clock; at most 24h0m0s are taken (ingest.max_ahead)`},
		{`{"view":"item_stats","item":1,"columns":{},"event_time":1,"created_time":"?"}`, BadTime, `created_time: "?" is not a time; it takes RFC 3339, 2006-01-02 15:04:05 or a number since 1970`},
	} {
		_, err := testDecoder().Decode([]byte(c.event), noon)
		var refusal *EventError
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v is no refusal", c.event, err)
			continue
		}
		if refusal.Reason != c.reason || refusal.Message != c.words {
			t.Errorf("%s:\ngot  %s: %s\nwant %s: %s", c.event, refusal.Reason, refusal.Message, c.reason, c.words)
		}
	}
}

func TestTheClockOfAnEventMayBeAheadIfNoLimitIsSet(t *testing.T) {
	cfg := DefaultConfig()
	cfg.MaxAhead = 0
	if _, err := NewDecoder(catalogue(), &cfg).Decode([]byte(`{"view":"item_stats","item":1,"columns":{},"event_time":"2126-11-26T12:00:00Z"}`), noon); err != nil {
		t.Error(err)
	}
}

func BenchmarkDecode(b *testing.B) {
	text := []byte(`{"view":"user_stats","user":"u-12345","event_time":"2026-11-24T10:00:00Z","columns":{"age":31.5,` +
		`"embedding":[0.12345678,0.23456789,-0.3456789],"country":"de","visits":1234,"paying":true,"ratio":0.75}}`)
	d := testDecoder()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(text, noon); err != nil {
			b.Fatal(err)
		}
	}
}
