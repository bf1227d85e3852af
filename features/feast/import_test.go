package feast

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

func TestARegistryBecomesFeatures(t *testing.T) {
	got, err := readTestdata(t, "registry.db").Import(ImportOptions{User: "user_id", Item: "item_id"})
	if err != nil {
		t.Fatal(err)
	}
	want := &features.Registry{
		Entities: []features.Entity{
			{Name: "item", Type: model.String, JoinKey: "item_id"}, {Name: "user", Type: model.Int64, JoinKey: "user_id"},
		},
		Views: []features.View{
			{Name: "user_stats", Entities: []string{"user"}, TTL: 36 * time.Hour, Owner: "growth",
				Description: `what "customers" did: lately`,
				Columns: []features.Column{
					{Name: "age", Type: model.Float32, Description: "in years"}, {Name: "spend", Type: model.Float64},
					{Name: "visits", Type: model.Int64}, {Name: "level", Type: model.Int32}, {Name: "member", Type: model.Bool},
					{Name: "country", Type: model.String}, {Name: "last_seen", Type: model.Int64},
					{Name: "embedding", Type: model.Float32, Length: 8},
				}},
			{Name: "item-prices", Entities: []string{"item"}, Columns: []features.Column{{Name: "price", Type: model.Float32}}},
			{Name: "affinity", Entities: []string{"user", "item"}, Columns: []features.Column{{Name: "score", Type: model.Float32}}},
			{Name: "request_view", StoredAs: "request", Entities: []string{"item"}, TTL: 24 * time.Hour,
				Columns: []features.Column{{Name: "n", Type: model.Int64}}},
			{Name: "clicks", Entities: []string{"item"}, TTL: 7 * 24 * time.Hour, Owner: "search",
				Columns: []features.Column{{Name: "clicks_1h", Type: model.Int64}}},
		},
	}
	for i := range want.Views {
		v := &want.Views[i]
		v.Version, v.EventTime, v.CreatedTime = 1, "ts", "created"
	}
	if got.Project != "shop" || !reflect.DeepEqual(got.Registry, want) {
		t.Errorf("%s: %+v\nwant %+v", got.Project, got.Registry, want)
	}
	var omitted []string
	for _, o := range got.Omitted {
		omitted = append(omitted, strings.TrimSpace(o.As+" "+o.String()))
	}
	if got := strings.Join(omitted, "\n") + "\n"; got != omittedOfRegistry {
		t.Errorf("%s\nwant\n%s", got, omittedOfRegistry)
	}
}

const omittedOfRegistry = `view orders is left out: it is about order_id, which is not the join key of the user or the item
view order_users is left out: it is about order_id, which is not the join key of the user or the item
view offline_only is left out: it is not online
view global_stats is left out: it is about no entity
view doubled is left out: it is an on-demand view, computed when Feast is asked
user_stats column recent of view user_stats is left out: it is DOUBLE_LIST, whose length Feast does not know; ` +
	`add it by hand, as "float32[N]", or set vector_length in its Field
user_stats column tags of view user_stats is left out: it is STRING_LIST, and a column is a number, a bool, a string or a vector of numbers
user_stats column photo of view user_stats is left out: it is BYTES, and a column is a number, a bool, a string or a vector of numbers
user_stats column a.b of view user_stats is left out: a column's name can't hold dots, brackets or spaces
user_stats column user of view user_stats is left out: a column named after an entity holds its id here
view legacy is left out: its user_id is INT32, and INT64 in other views
column words of view lists_only is left out: it is STRING_LIST, and a column is a number, a bool, a string or a vector of numbers
view lists_only is left out: no column is left
clicks column item_id of view clicks is left out: it is the join key
`

func TestAVersionedViewIsStoredUnderItsVersion(t *testing.T) {
	r := readTestdata(t, "versioned.db")
	got, err := r.Import(ImportOptions{Versioned: true})
	if err != nil || got.Registry.Views[0].StoredAs != "user_stats_v1" || got.Unversioned != nil {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = r.Import(ImportOptions{})
	if err != nil || got.Registry.Views[0].StoredAs != "" || !reflect.DeepEqual(got.Unversioned, []string{"user_stats"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// online returns a view of one column about the entities.
func online(name string, entities ...string) FeatureView {
	return FeatureView{Name: name, Project: "p", Entities: entities, Online: true, Columns: []Feature{{Name: "x", Type: floatVal}}}
}

func TestJoinKeysAreToldByTheirNamesOnlyWithoutDoubt(t *testing.T) {
	for _, c := range []struct {
		joinKeys string // entity=join key
		options  ImportOptions
		want     string // user and item, or the error
	}{
		{"user=user_id item=item_id", ImportOptions{}, "user_id item_id"},
		{"user=user item=item", ImportOptions{}, "user item"},
		{"item=id", ImportOptions{}, " id"},
		{"user_id=uid", ImportOptions{}, "uid "},
		{"driver=driver_id", ImportOptions{}, "Name them with --user and --item; the project has driver_id (entity driver)"},
		{"user=user_id item=item_id order=order_id", ImportOptions{}, "which join keys are the user's and the item's?"},
		{"user=user user2=user_id", ImportOptions{}, "which join keys are the user's and the item's?"},
		{"a=user_id b=user_id item=item_id", ImportOptions{}, "user_id item_id"},
		{"driver=driver_id user=user_id", ImportOptions{Item: "driver_id"}, " driver_id"},
		{"driver=driver_id", ImportOptions{User: "driver"}, `--user: the project has no join key "driver"; it has driver_id (entity driver)`},
		{"driver=driver_id", ImportOptions{User: "driver_id", Item: "i"}, `--item: the project has no join key "i"`},
		{"driver=driver_id", ImportOptions{User: "driver_id", Item: "driver_id"}, "--user and --item both name the join key driver_id"},
		{"", ImportOptions{}, "project p declares no entity"},
		{"user=user_id", ImportOptions{Project: "q"}, `--project: the registry holds no project "q", but p`},
	} {
		r := &Registry{}
		for pair := range strings.FieldsSeq(c.joinKeys) {
			name, joinKey, _ := strings.Cut(pair, "=")
			r.Entities = append(r.Entities, Entity{Name: name, Project: "p", JoinKey: joinKey, Type: stringType})
			r.Views = append(r.Views, online("v"+name, name))
		}
		if r.Views == nil {
			r.Views = append(r.Views, online("v"))
		}
		got, err := r.Import(c.options)
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v; want %s", c.joinKeys, err, c.want)
			}
			continue
		}
		keys := map[string]string{}
		for _, e := range got.Registry.Entities {
			keys[e.Name], _ = e.Join()
		}
		if keys := keys["user"] + " " + keys["item"]; keys != c.want {
			t.Errorf("%s: %s; want %s", c.joinKeys, keys, c.want)
		}
	}
}

func TestSeveralProjectsNeedAName(t *testing.T) {
	r := &Registry{
		Entities: []Entity{{Name: "user", Project: "p", JoinKey: "user", Type: stringType}},
		Views:    []FeatureView{online("v", "user"), {Name: "w", Project: "q"}},
	}
	if _, err := r.Import(ImportOptions{}); err == nil || !strings.Contains(err.Error(), "name one with --project: p, q") {
		t.Error(err)
	}
	got, err := r.Import(ImportOptions{Project: "p"})
	if err != nil || len(got.Registry.Views) != 1 || got.Omitted != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestIDsKeepTheTypeThatMostViewsDeclare(t *testing.T) {
	for declared, want := range map[ValueType]features.Entity{
		bytesType:         {Name: "user", Type: model.String, JoinType: features.JoinBytes},
		stringType:        {Name: "user", Type: model.String},
		int32Type:         {Name: "user", Type: model.Int64, JoinType: features.JoinInt32},
		int64Type:         {Name: "user", Type: model.Int64},
		unixTimestampType: {Name: "user", Type: model.Int64, JoinType: features.JoinUnixTimestamp},
	} {
		other := ValueType(stringType)
		if declared == stringType {
			other = bytesType
		}
		r := &Registry{Entities: []Entity{{Name: "user", Project: "p", JoinKey: "user", Type: boolVal}}}
		for _, typ := range []ValueType{boolVal, other, declared, declared} {
			v := online("v", "user")
			v.JoinKeys = []Feature{{Name: "user", Type: typ}}
			r.Views = append(r.Views, v)
		}
		got, err := r.Import(ImportOptions{})
		if err != nil || !reflect.DeepEqual(got.Registry.Entities, []features.Entity{want}) || len(got.Omitted) != 2 {
			t.Errorf("%s: %+v, %v; want %+v", declared, got, err, want)
		}
	}
}

func TestViewsGetNamesThatAModelCanRead(t *testing.T) {
	r := &Registry{Entities: []Entity{{Name: "user", Project: "p", JoinKey: "user", Type: stringType}}}
	for _, name := range []string{"a b", "a.b", "a_b", "request", "context", "é(1)"} {
		r.Views = append(r.Views, online(name, "user"))
	}
	got, err := r.Import(ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range got.Registry.Views {
		names = append(names, v.Name+"="+v.Stored())
	}
	want := "a_b=a b|a_b_2=a.b|a_b_3=a_b|request_view=request|context_view=context|é_1_=é(1)"
	if got := strings.Join(names, "|"); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// FuzzRegistry holds that a file is refused or becomes features that can be
// served.
func FuzzRegistry(f *testing.F) {
	for _, name := range []string{"registry.db", "versioned.db"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("\x0a\x0c\x0a\x0a\x0a\x04user\x10\x04\x22\x00\x32\x16\x0a\x14\x0a\x01v\x1a\x04user\x22\x05\x0a\x01x\x10\x06\x40\x01\x32\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadRegistry(data)
		if err != nil {
			return
		}
		for _, options := range []ImportOptions{{}, {User: "user_id", Item: "item_id", Versioned: true}} {
			got, err := r.Import(options)
			if err != nil {
				continue
			}
			for i := range got.Registry.Views {
				view := &got.Registry.Views[i]
				if _, err := New("p", 3, got.Registry, view, features.LayoutOf(view.Columns)); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
