package feast

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// fataler is a test, or a draw of one.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// keyed returns a view about the given entities.
func keyed(tb fataler, project string, version int, entities ...features.Entity) *View {
	tb.Helper()
	columns := []features.Column{{Name: "x", Type: model.Float32}}
	view := &features.View{Name: "v", Columns: columns}
	for _, e := range entities {
		view.Entities = append(view.Entities, e.Name)
	}
	v, err := New(project, version, &features.Registry{Entities: entities}, view, features.LayoutOf(columns))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func entity(name, joinKey string, t features.JoinType) features.Entity {
	e := features.Entity{Name: name, Type: model.String, JoinKey: joinKey, JoinType: t}
	if t > features.JoinString {
		e.Type = model.Int64
	}
	return e
}

func TestAnIDThatDoesNotFitItsJoinKeyHasNoKey(t *testing.T) {
	for _, c := range []struct {
		joined features.JoinType
		id     string
		want   string
	}{
		{features.JoinInt64, "7", ""},
		{features.JoinInt64, "-9223372036854775808", ""},
		{features.JoinInt64, "9223372036854775808", "not an integer in decimal form"},
		{features.JoinInt64, "007", "not an integer in decimal form"},
		{features.JoinInt64, "+7", "not an integer in decimal form"},
		{features.JoinInt64, "-0", "not an integer in decimal form"},
		{features.JoinInt64, "", `the id "" is not an integer`},
		{features.JoinInt32, "-2147483648", ""},
		{features.JoinInt32, "2147483648", "out of the range of an int32, which join key k is declared to be"},
		{features.JoinUnixTimestamp, "u-1", `user: the id "u-1" is not an integer`},
		{features.JoinBytes, "\x00\xff", ""},
		{features.JoinString, "", ""},
	} {
		v := keyed(t, "shop", 3, entity("user", "k", c.joined))
		key, err := v.AppendKey([]byte("before"), c.id, "")
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.id, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || string(key) != "before"):
			t.Errorf("%q: %q, %v; want %q", c.id, key, err, c.want)
		}
	}
}

func TestTheSameIDOfAnotherTypeIsAnotherKey(t *testing.T) {
	types := []features.JoinType{
		features.JoinBytes, features.JoinString, features.JoinInt32, features.JoinInt64, features.JoinUnixTimestamp,
	}
	seen := map[string]features.JoinType{}
	for _, joined := range types {
		v := keyed(t, "shop", 3, entity("user", "k", joined))
		key, err := v.AppendKey(nil, "42", "")
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[string(key)]; twice {
			t.Errorf("types %d and %d make the same key", joined, other)
		}
		seen[string(key)] = joined
		for _, reader := range types {
			user, _, ok := keyed(t, "shop", 3, entity("user", "k", reader)).ParseKey(string(key))
			if ok != (reader == joined) || ok && user != "42" {
				t.Errorf("a key of type %d read as %d: %q, %v", joined, reader, user, ok)
			}
		}
	}
}

func TestAKeyOfAnotherProjectOrEntityIsNotOurs(t *testing.T) {
	for version := oldestKey; version <= newestKey; version++ {
		ours := keyed(t, "shop", version, entity("user", "user", features.JoinInt64))
		for _, other := range []*View{
			keyed(t, "shop2", version, entity("user", "user", features.JoinInt64)),
			keyed(t, "hop", version, entity("user", "user", features.JoinInt64)),
			keyed(t, "shop", version, entity("user", "user_id", features.JoinInt64)),
			keyed(t, "shop", version, entity("user", "use", features.JoinInt64)),
			keyed(t, "shop", version, entity("user", "user", features.JoinInt64), entity("item", "item", features.JoinInt64)),
			keyed(t, "shop", version, entity("item", "item", features.JoinInt64), entity("user", "user", features.JoinInt64)),
			keyed(t, "shop", 5-version, entity("user", "user", features.JoinInt64)),
		} {
			key, err := other.AppendKey(nil, "7", "8")
			if err != nil {
				t.Fatal(err)
			}
			if user, item, ok := ours.ParseKey(string(key)); ok {
				t.Errorf("%q is read as %q, %q", key, user, item)
			}
		}
	}
}

// What the server is asked to tell of must be every key of the view, and not
// those of join keys that only begin alike.
func TestThePrefixTellsJoinKeysApart(t *testing.T) {
	for version := oldestKey; version <= newestKey; version++ {
		short := keyed(t, "shop", version, entity("user", "user", features.JoinInt64))
		long := keyed(t, "shop", version, entity("user", "user_id", features.JoinInt64))
		pair := keyed(t, "shop", version, entity("user", "user", features.JoinInt64), entity("item", "z", features.JoinInt64))
		for _, other := range []*View{long, pair} {
			if strings.HasPrefix(other.KeyPrefix(), short.KeyPrefix()) {
				t.Errorf("version %d: %q begins with %q", version, other.KeyPrefix(), short.KeyPrefix())
			}
		}
	}
}

func TestEveryKeyIsReadBackAsTheIDsItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, ids := drawKeys(t)
		key, err := v.AppendKey(nil, ids[0], ids[1])
		if err != nil {
			t.Fatal(err)
		}
		if len(v.keys) == 1 && v.keys[0].entity == features.UserEntity {
			ids[1] = ""
		}
		if len(v.keys) == 1 && v.keys[0].entity == features.ItemEntity {
			ids[0] = ""
		}
		user, item, ok := v.ParseKey(string(key))
		if !ok || user != ids[0] || item != ids[1] || !strings.HasPrefix(string(key), v.KeyPrefix()) {
			t.Fatalf("%q: %q, %q, %v; want %q; prefix %q", key, user, item, ok, ids, v.KeyPrefix())
		}
	})
}

// drawKeys draws a view and a user and an item that it has keys for.
func drawKeys(t *rapid.T) (*View, [2]string) {
	types := []features.JoinType{
		features.JoinBytes, features.JoinString, features.JoinInt32, features.JoinInt64, features.JoinUnixTimestamp,
	}
	var entities []features.Entity
	var ids [2]string
	for i, name := range []string{features.UserEntity, features.ItemEntity} {
		joined := rapid.SampledFrom(types).Draw(t, "type")
		entities = append(entities, entity(name, rapid.StringN(1, 8, 20).Draw(t, "join key")+name, joined))
		switch joined {
		case features.JoinBytes, features.JoinString:
			ids[i] = rapid.String().Draw(t, "id")
		case features.JoinInt32:
			ids[i] = strconv.Itoa(int(rapid.Int32().Draw(t, "id")))
		default:
			ids[i] = strconv.FormatInt(rapid.Int64().Draw(t, "id"), 10)
		}
	}
	from := rapid.IntRange(0, 1).Draw(t, "from")
	to := rapid.IntRange(from+1, 2).Draw(t, "to")
	project := rapid.StringN(1, 8, 20).Draw(t, "project")
	version := rapid.IntRange(oldestKey, newestKey).Draw(t, "version")
	return keyed(t, project, version, entities[from:to]...), ids
}
