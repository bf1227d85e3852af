package feast

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// readTestdata reads a registry that testdata/registry.py made with the released
// feast package.
func readTestdata(tb testing.TB, name string) *Registry {
	tb.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := ReadRegistry(data)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestARegistryOfFeastIsRead(t *testing.T) {
	r := readTestdata(t, "registry.db")
	wantEntities := []Entity{
		{Name: "customer", Project: "shop", JoinKey: "user_id", Type: int64Type},
		{Name: "article", Project: "shop", JoinKey: "item_id", Type: stringType},
		{Name: "customer32", Project: "shop", JoinKey: "user_id", Type: int32Type},
		{Name: "order", Project: "shop", JoinKey: "order_id", Type: int64Type},
		{Name: "__dummy", Project: "shop", JoinKey: "__dummy_id"},
	}
	if !reflect.DeepEqual(r.Entities, wantEntities) {
		t.Errorf("%+v; want %+v", r.Entities, wantEntities)
	}
	var names []string
	for _, v := range r.Views {
		names = append(names, v.Name)
	}
	want := "user_stats item-prices affinity request orders order_users legacy offline_only lists_only global_stats doubled clicks"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s; want %s", got, want)
	}
	v := r.Views[0]
	if v.Kind != BatchView || v.TTL != 36*time.Hour || !v.Online || v.Owner != "growth" || v.Disabled ||
		v.Description != `what "customers" did: lately` || v.EventTime != "ts" || v.CreatedTime != "created" ||
		!reflect.DeepEqual(v.Entities, []string{"customer"}) ||
		!reflect.DeepEqual(v.JoinKeys, []Feature{{Name: "user_id", Type: int64Type}}) ||
		!reflect.DeepEqual(v.Columns[0], Feature{Name: "age", Type: floatVal, Description: "in years"}) ||
		!reflect.DeepEqual(v.Columns[7], Feature{Name: "embedding", Type: floatListVal, Length: 8}) {
		t.Errorf("%+v", v)
	}
	stream := r.Views[11]
	if stream.Kind != StreamView || stream.TTL != 7*24*time.Hour || !stream.Online || stream.Owner != "search" ||
		stream.EventTime != "ts" || stream.Columns[len(stream.Columns)-1].Name != "clicks_1h" {
		t.Errorf("%+v", stream)
	}
	if r.Views[10].Kind != OnDemandView {
		t.Errorf("%+v", r.Views[10])
	}
	if v := readTestdata(t, "versioned.db").Views[0]; v.Version != 1 {
		t.Errorf("%+v", v)
	}
}

func TestWhatIsNoRegistryIsRefusedWithItsPlace(t *testing.T) {
	view := "\x32\x04\x0a\x02\x0a\x00" // a view of an empty name
	named := "\x32\x07\x0a\x05\x0a\x01v\x12\x00"
	for data, want := range map[string]string{
		"":                             "declares no feature view; run `feast apply`",
		"{}":                           "not a Feast registry (a protobuf message feast.core.Registry): registry: broken",
		view:                           "feature_views[0].spec.name: missing",
		named + view:                   "feature_views[1].spec.name: missing",
		"\x0a\x02\x0a\x00" + named:     "entities[0].spec.name: missing",
		"\x32\x05\x0a\x03\x0a\x01\xff": "feature_views[0].spec.name: not a text",
		"\x32\x04\x0a\x02\x08\x01":     "feature_views[0].spec.name: not a text",
		"\x72\x05\x0a\x03\x0a\x05v":    "stream_feature_views[0].spec: broken 1 bytes before its end",
		"\x32\x09\x0a\x07\x0a\x01v\x22\x02\x10\x01":                "feature_views[0].spec.features: a name is missing",
		strings.Repeat("\x0a\x05\x0a\x03\x0a\x01e", maxDeclared+1): "declares more than 131072 entities, views and columns",
	} {
		if r, err := ReadRegistry([]byte(data)); err == nil || r != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %q", data, err, want)
		}
	}
}

func TestATTLThatNoDurationHoldsMeansForEver(t *testing.T) {
	for encoded, want := range map[string]time.Duration{
		"08a0c21e":               500000 * time.Second,
		"0801108094ebdc03":       2 * time.Second, // 1 s and 10^9 ns
		"10ffffffffffffffffff01": 0,               // -1 ns
		"08ffffffffffffffffff01": 0,               // -1 s
		"08ffffffffffffffff7f":   0,
		"0880bce0df0b":           36500 * 24 * time.Hour,
		"0881bce0df0b":           0,
		"0880bce0df0b1001":       0,
		"":                       0,
	} {
		r := &registryReader{of: &Registry{}}
		var got time.Duration
		r.duration("ttl", &wireField{kind: delimited, bytes: unhex(t, encoded)}, &got)
		if got != want || r.err != nil {
			t.Errorf("%s: %s, %v; want %s", encoded, got, r.err, want)
		}
	}
}
