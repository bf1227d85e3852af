package packed

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

var someIDs = rapid.OneOf(rapid.StringOf(rapid.SampledFrom([]rune(":%3A25ux{}"))), rapid.String())

// drawKeys draws a view of one column and an id for each entity, "" for one that
// it is not about.
func drawKeys(t *rapid.T) (v *View, user, item string) {
	view := features.View{Name: "v", Columns: []features.Column{{Name: "x", Type: model.Float32}}}
	view.StoredAs = someIDs.Draw(t, "view")
	view.Entities = rapid.SampledFrom([][]string{{"user"}, {"item"}, {"user", "item"}}).Draw(t, "entities")
	aboutUser, aboutItem, _ := view.Subject()
	if aboutUser {
		user = someIDs.Draw(t, "user")
	}
	if aboutItem {
		item = someIDs.Draw(t, "item")
	}
	return New(rapid.SampledFrom([]string{"p", "{p}", "a:b"}).Draw(t, "prefix"), &view, features.LayoutOf(view.Columns)), user, item
}

func TestEveryKeyIsReadBackAsTheIDsItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, user, item := drawKeys(t)
		key, err := v.AppendKey(nil, user, item)
		if err != nil || !strings.HasPrefix(string(key), v.KeyPrefix()) {
			t.Fatalf("%q, %v; the prefix is %q", key, err, v.KeyPrefix())
		}
		gotUser, gotItem, ok := v.ParseKey(string(key))
		if !ok || gotUser != user || gotItem != item {
			t.Fatalf("%q is read as %q, %q, %v; want %q, %q", key, gotUser, gotItem, ok, user, item)
		}
	})
}

func TestAnIDThatTheViewIsNotAboutDoesNotCount(t *testing.T) {
	for want, v := range map[string]*View{"rankgate:v:u": viewAbout("user"), "rankgate:v:i": viewAbout("item")} {
		if key, err := v.AppendKey(nil, "u", "i"); err != nil || string(key) != want {
			t.Errorf("%q, %v; want %q", key, err, want)
		}
	}
}

func TestAKeyOfAnotherViewIsNotOurs(t *testing.T) {
	columns := []features.Column{{Name: "x", Type: model.Float32}}
	named := func(prefix, name string) *View {
		view := &features.View{Name: name, Entities: []string{"item"}, Columns: columns}
		return New(prefix, view, features.LayoutOf(columns))
	}
	ours := named("p", "v")
	for _, other := range []*View{named("p", "v2"), named("p", "v:w"), named("p", "w"), named("q", "v"), named("", "v"), named("pp", "v")} {
		key, _ := other.AppendKey(nil, "", "1")
		if _, item, ok := ours.ParseKey(string(key)); ok {
			t.Errorf("%q is read as %q", key, item)
		}
	}
	if _, _, ok := ours.ParseKey(SchemasKey("p")); ok {
		t.Error("the key of the schemas is taken for one of a row")
	}
}

func TestOnlyWhatIsWrittenIsReadAsAKey(t *testing.T) {
	pair := viewAbout("user", "item")
	for _, key := range []string{
		"", "rankgate", "rankgate:v", "rankgate:v:", "rankgate:v:1", "rankgate:v:1%", "rankgate:v:1%2:2", "rankgate:v:1%:2",
		"rankgate:v:%3a:2", "rankgate:v:%41:2", "rankgate:v:%zz:2", "rankgate:v:%25%3:2", "rankgate:v:%3A%:2",
	} {
		if user, item, ok := pair.ParseKey(key); ok {
			t.Errorf("%q is read as %q, %q", key, user, item)
		}
	}
}
