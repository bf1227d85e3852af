package feast

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// golden is testdata/feast_redis_vectors.json: what Feast's own functions
// returned and its Redis store wrote.
type golden struct {
	Project string
	Keys    []struct {
		JoinKeys []string `json:"join_keys"`
		Values   []map[string]any
		Version  int
		Key      string `json:"redis_key_hex"`
	}
	Fields []struct {
		Name  string
		Field string `json:"field_hex"`
	}
	Values []struct {
		Type, Repr, Hex string
	}
	Timestamps []struct {
		Seconds, Nanos int64
		Hex            string
	}
}

func vectors(tb testing.TB) *golden {
	tb.Helper()
	data, err := os.ReadFile("testdata/feast_redis_vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var g golden
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&g); err != nil {
		tb.Fatal(err)
	}
	return &g
}

func unhex(tb testing.TB, s string) string {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// goldenView makes a view about the join keys of a vector, in which the first is
// the user, and the ids.
func goldenView(tb testing.TB, project string, version int, joinKeys []string, values []map[string]any) (v *View, ids [2]string) {
	tb.Helper()
	types := map[string]features.JoinType{
		"bytes_hex": features.JoinBytes, "string": features.JoinString, "int32": features.JoinInt32, "int64": features.JoinInt64,
	}
	reg, view := &features.Registry{}, features.View{Name: "v", Columns: []features.Column{{Name: "x", Type: model.Float32}}}
	for i, name := range joinKeys {
		e := features.Entity{Name: []string{features.UserEntity, features.ItemEntity}[i], Type: model.String, JoinKey: name}
		for kind, value := range values[i] {
			e.JoinType, ids[i] = types[kind], strings.Trim(string(mustJSON(tb, value)), `"`)
			if kind == "bytes_hex" {
				ids[i] = unhex(tb, ids[i])
			}
		}
		if e.JoinType > features.JoinString {
			e.Type = model.Int64
		}
		reg.Entities, view.Entities = append(reg.Entities, e), append(view.Entities, e.Name)
	}
	v, err := New(project, version, reg, &view, features.LayoutOf(view.Columns))
	if err != nil {
		tb.Fatal(err)
	}
	return v, ids
}

func mustJSON(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestEveryGoldenKeyIsWrittenAndReadBack(t *testing.T) {
	g := vectors(t)
	if len(g.Keys) != 9 {
		t.Fatalf("%d keys", len(g.Keys))
	}
	for _, k := range g.Keys {
		v, ids := goldenView(t, g.Project, k.Version, k.JoinKeys, k.Values)
		key, err := v.AppendKey(nil, ids[0], ids[1])
		if err != nil || hex.EncodeToString(key) != k.Key {
			t.Errorf("%v %v: %x, %v; want %s", k.JoinKeys, k.Values, key, err, k.Key)
		}
		user, item, ok := v.ParseKey(unhex(t, k.Key))
		if !ok || user != ids[0] || item != ids[1] {
			t.Errorf("%s: %q, %q, %v; want %q", k.Key, user, item, ok, ids)
		}
		if !strings.HasPrefix(unhex(t, k.Key), v.KeyPrefix()) {
			t.Errorf("%s does not start with %x", k.Key, v.KeyPrefix())
		}
	}
}

func TestEveryGoldenFieldIsNamed(t *testing.T) {
	g := vectors(t)
	if len(g.Fields) != 7 {
		t.Fatalf("%d fields", len(g.Fields))
	}
	for _, f := range g.Fields {
		stored, column, _ := strings.Cut(f.Name, ":")
		view := features.View{
			Name: "v", StoredAs: stored, Entities: []string{"user"}, Columns: []features.Column{{Name: column, Type: model.Float32}},
		}
		at := 0
		if stored == "_ts" {
			view.StoredAs, at = column, 1
		}
		v, err := New(g.Project, 3, &features.Registry{}, &view, features.LayoutOf(view.Columns))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString([]byte(v.Fields()[at])); got != f.Field || len(v.Fields()) != 2 {
			t.Errorf("%s: %s; want %s", f.Name, got, f.Field)
		}
	}
}

func TestEveryGoldenValueIsReadAndWrittenBack(t *testing.T) {
	g := vectors(t)
	columns := map[string]struct {
		column  features.Column
		want    any    // nil for a null
		written string // "" if as it was read
	}{
		"float":          {column: features.Column{Type: model.Float32}, want: []float32{0.9273980259895325}},
		"double":         {column: features.Column{Type: model.Float64}, want: []float32{1.5}},
		"int64":          {column: features.Column{Type: model.Int64}, want: []int64{0}},
		"int32":          {column: features.Column{Type: model.Int32}, want: []int64{-1}},
		"bool":           {column: features.Column{Type: model.Bool}, want: []int64{1}},
		"string":         {column: features.Column{Type: model.String}, want: []string{"abc"}},
		"float_list":     {column: features.Column{Type: model.Float32, Length: 2}, want: []float32{1, 2}},
		"unix_timestamp": {column: features.Column{Type: model.Int64}, want: []int64{1657184400}, written: "2090c19a9606"},
		"null":           {column: features.Column{Type: model.Float32}},
		"unset":          {column: features.Column{Type: model.Float32}},
	}
	if len(g.Values) != len(columns) {
		t.Fatalf("%d values", len(g.Values))
	}
	for _, value := range g.Values {
		expected := columns[value.Type]
		v, layout := viewOf(t, expected.column)
		row := layout.NewRow()
		if err := v.DecodeField(0, unhex(t, value.Hex), &row); err != nil {
			t.Fatalf("%s: %v", value.Type, err)
		}
		want := cmp.Or(expected.written, value.Hex)
		if expected.want == nil {
			want = "" // as Feast's materialize writes a null
		}
		if got := cell(&row, layout); !reflect.DeepEqual(got, expected.want) {
			t.Errorf("%s: read %v; want %v", value.Type, got, expected.want)
		}
		if got := hex.EncodeToString(v.EncodeField(nil, 0, &row)); got != want {
			t.Errorf("%s: written as %s; want %s", value.Type, got, want)
		}
	}
}

func TestEveryGoldenTimeIsReadAndWrittenBack(t *testing.T) {
	g := vectors(t)
	if len(g.Timestamps) != 1 {
		t.Fatalf("%d times", len(g.Timestamps))
	}
	for _, at := range g.Timestamps {
		want := at.Seconds*1000 + at.Nanos/1e6
		if ms, err := DecodeTime(unhex(t, at.Hex)); err != nil || ms != want {
			t.Errorf("%s: %d, %v; want %d", at.Hex, ms, err, want)
		}
		if got := hex.EncodeToString(EncodeTime(nil, want)); got != at.Hex {
			t.Errorf("%d: %s; want %s", want, got, at.Hex)
		}
	}
}
