package edge

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

func TestAnAnswerHasTheDocumentedFieldsInTheirOrder(t *testing.T) {
	req := &rank.Request{ID: "r-1", Items: []rank.Item{{ID: "1"}, {ID: "2"}, {ID: "3"}}}
	res := &rank.Result{
		Model: "ranker", Version: "3", Variant: "stable",
		Scores: []float32{0.43, 0, 0.91}, Order: []int32{2, 0},
		Sources:  []rank.Source{rank.SourceCache, rank.SourceFallback, rank.SourceModel},
		Coverage: [rank.NumSources]int{rank.SourceModel: 1, rank.SourceCache: 1, rank.SourceFallback: 1},
		Degraded: true,
		Stages:   rank.Stages{12 * time.Microsecond, 340 * time.Microsecond, 0, 1500 * time.Microsecond, time.Second},
		Features: [][]rank.Feature{
			nil, nil,
			{
				{Name: "user_stats.age", Value: float32(31.5), Status: rank.Present},
				{Name: "item_stats.index", Value: int64(-7), Status: rank.Stale},
				{Name: "item_stats.new", Value: true, Status: rank.NullValue},
				{Name: "context.device", Value: "i\"os", Status: rank.Missing},
				{Name: "user_stats.embedding", Value: []float32{1, 0.25}, Status: rank.Errored},
				{Name: "user_stats.none", Value: nil, Status: rank.Missing},
			},
		},
	}
	const plain = `{"id":"r-1","model":"ranker","version":"3","variant":"stable",` +
		`"items":[{"id":"3","score":0.91},{"id":"1","score":0.43}],` +
		`"degraded":true,"coverage":{"model":1,"cache":1,"stale":0,"fallback":1},"took_ms":1.84}`
	if got := string(appendResult(nil, req, res, 1840*time.Microsecond)); got != plain {
		t.Errorf("plain:\n got %s\nwant %s", got, plain)
	}
	req.ID, req.Explain = "", true
	const explained = `{"model":"ranker","version":"3","variant":"stable","items":[` +
		`{"id":"3","score":0.91,"source":"model","features":[` +
		`{"name":"user_stats.age","value":31.5,"status":"present"},` +
		`{"name":"item_stats.index","value":-7,"status":"stale"},` +
		`{"name":"item_stats.new","value":true,"status":"null"},` +
		`{"name":"context.device","value":"i\"os","status":"missing"},` +
		`{"name":"user_stats.embedding","value":[1,0.25],"status":"error"},` +
		`{"name":"user_stats.none","value":null,"status":"missing"}]},` +
		`{"id":"1","score":0.43,"source":"cache","features":[]}],` +
		`"degraded":true,"coverage":{"model":1,"cache":1,"stale":0,"fallback":1},"took_ms":2,` +
		`"stages_ms":{"cache":0.012,"features":0.34,"queue":0,"infer":1.5,"order":1000}}`
	if got := string(appendResult(nil, req, res, 2*time.Millisecond)); got != explained {
		t.Errorf("explained:\n got %s\nwant %s", got, explained)
	}
	if got, want := string(appendTiming(nil, &res.Stages)),
		"cache;dur=0.012, features;dur=0.34, queue;dur=0, infer;dur=1.5, order;dur=1000"; got != want {
		t.Errorf("Server-Timing = %s; want %s", got, want)
	}
}

func TestMillisecondsKeepMicroseconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 1: "0", 500: "0.001", 499: "0", -5: "0", time.Microsecond: "0.001", 10 * time.Microsecond: "0.01",
		100 * time.Microsecond: "0.1", 1001 * time.Microsecond: "1.001", 1999999 * time.Nanosecond: "2",
		time.Hour: "3600000",
	} {
		if got := string(appendMillis(nil, d)); got != want {
			t.Errorf("appendMillis(%d ns) = %s; want %s", d, got, want)
		}
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	for _, n := range []int{200, 500} {
		req, res := answer(n)
		out := appendResult(nil, req, res, 0)
		if got := testing.AllocsPerRun(20, func() { out = appendResult(out[:0], req, res, time.Millisecond) }); got != 0 {
			t.Errorf("%v allocations for %d candidates; want 0", got, n)
		}
	}
}

// FuzzEncodeRoundTrips reads answers back with encoding/json.
func FuzzEncodeRoundTrips(f *testing.F) {
	f.Add("r-1", "1", "ranker", float32(0.91), float32(-1e-30), "ios", int64(3), true)
	f.Add("", "a\x00\x1f\"\\/\u2028\u2029\x7f", "é😀", float32(16777216), math.Float32frombits(1), "\xff\xfe", int64(math.MinInt64), false)
	f.Add("\xed\xa0\x80", "\ufffd", "\xf4\x90\x80\x80", float32(math.MaxFloat32), math.Float32frombits(1<<31), "\xc0\x80", int64(math.MaxInt64), true)
	f.Fuzz(func(t *testing.T, id, item, model string, score, other float32, text string, number int64, explain bool) {
		req := &rank.Request{ID: id, Items: []rank.Item{{ID: item}, {ID: text}}, Explain: explain}
		res := &rank.Result{
			Model: model, Version: text, Variant: item, Degraded: explain,
			Scores: []float32{score, other}, Sources: []rank.Source{rank.SourceStale, rank.SourceModel}, Order: []int32{1, 0},
			Coverage: [rank.NumSources]int{1, 2, 3, 4},
			Features: [][]rank.Feature{{
				{Name: model, Value: text, Status: rank.Stale}, {Name: id, Value: number},
				{Value: explain}, {Value: other}, {Value: []float32{score, other}}, {Value: nil},
			}},
		}
		out := appendResult(nil, req, res, time.Duration(number))
		var back struct {
			ID, Model, Version, Variant string
			Items                       []struct {
				ID, Source string
				Score      *float32
				Features   []struct {
					Name, Status string
					Value        any
				}
			}
			Degraded bool
			Coverage map[string]int
			Took     float64            `json:"took_ms"`
			Stages   map[string]float64 `json:"stages_ms"`
		}
		dec := json.NewDecoder(strings.NewReader(string(out)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&back); err != nil || dec.More() {
			t.Fatalf("encoding/json cannot read %s: %v", out, err)
		}
		same := func(what, got, sent string) {
			if want := string([]rune(sent)); got != want { // each byte that is not UTF-8 is U+FFFD
				t.Errorf("%s = %q; want %q", what, got, want)
			}
		}
		same("id", back.ID, id)
		same("model", back.Model, model)
		same("version", back.Version, text)
		same("variant", back.Variant, item)
		same("items[0].id", back.Items[0].ID, text)
		same("items[1].id", back.Items[1].ID, item)
		for i, want := range []float32{other, score} {
			got := back.Items[i].Score
			if finite := !math.IsNaN(float64(want)) && !math.IsInf(float64(want), 0); finite != (got != nil) || finite && math.Float32bits(*got) != math.Float32bits(want) {
				t.Errorf("items[%d].score = %v; want %v", i, got, want)
			}
		}
		if back.Degraded != explain || !reflect.DeepEqual(back.Coverage, map[string]int{"fallback": 1, "model": 2, "cache": 3, "stale": 4}) {
			t.Errorf("degraded, coverage = %v, %v", back.Degraded, back.Coverage)
		}
		if !explain {
			if back.Stages != nil || back.Items[0].Source != "" || back.Items[1].Features != nil {
				t.Errorf("%s explains without being asked", out)
			}
			return
		}
		features := back.Items[1].Features
		if len(back.Stages) != int(rank.NumStages) || back.Items[0].Source != "model" || len(features) != 6 {
			t.Fatalf("%s does not explain", out)
		}
		same("feature's name", features[0].Name, model)
		same("feature's value", features[0].Value.(string), text)
		if features[0].Status != "stale" || features[2].Value != true || features[5].Value != nil {
			t.Errorf("features = %v", features)
		}
		if features[1].Value != float64(number) {
			t.Errorf("number = %v; want %v", features[1].Value, number)
		}
	})
}
