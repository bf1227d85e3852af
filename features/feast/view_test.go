package feast

import (
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// viewOf returns a view of users with the given columns, the first of which is
// named x unless it has a name.
func viewOf(tb testing.TB, columns ...features.Column) (*View, *features.Layout) {
	tb.Helper()
	if columns[0].Name == "" {
		columns[0].Name = "x"
	}
	layout := features.LayoutOf(columns)
	view := &features.View{Name: "v", Entities: []string{"user"}, Columns: columns}
	v, err := New("shop", 3, &features.Registry{}, view, layout)
	if err != nil {
		tb.Fatal(err)
	}
	return v, layout
}

// cell is the value of the only column of a row, nil for a null.
func cell(row *features.Row, layout *features.Layout) any {
	switch c := &layout.Cells[0]; {
	case row.Null(0):
		return nil
	case c.Kind == features.FloatCell:
		return row.Floats
	case c.Kind == features.IntCell:
		return row.Ints[:1]
	default:
		return row.Strings
	}
}

func TestAViewIsKnownByTheNameItHasInTheStore(t *testing.T) {
	columns := []features.Column{{Name: "conv_rate", Type: model.Float32}}
	view := &features.View{Name: "drivers", StoredAs: "driver_hourly_stats_v2", Entities: []string{"user"}, Columns: columns}
	v, err := New("shop", 3, &features.Registry{}, view, features.LayoutOf(columns))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"\xbf\xac\x5c\xd4", "_ts:driver_hourly_stats_v2"}; !slices.Equal(v.Fields(), want) {
		t.Errorf("%q; want %q", v.Fields(), want)
	}
	if got := v.CreatedField(); got != "_created:driver_hourly_stats_v2" {
		t.Error(got)
	}
}

func TestAViewThatCanNotLieInAFeastStoreIsRefused(t *testing.T) {
	columns := []features.Column{{Name: "x", Type: model.Float32}}
	reg := &features.Registry{Entities: []features.Entity{
		{Name: "item", Type: model.Int64, JoinKey: "id"}, {Name: "user", Type: model.Int64, JoinKey: "id"},
	}}
	both := features.View{Name: "v", Entities: []string{"user", "item"}, Columns: columns}
	for want, try := range map[string]func() (*View, error){
		"the name of the Feast project is empty": func() (*View, error) {
			return New("", 3, &features.Registry{}, &both, features.LayoutOf(columns))
		},
		"key version 1 is not known": func() (*View, error) {
			return New("p", 1, &features.Registry{}, &both, features.LayoutOf(columns))
		},
		"key version 4 is not known": func() (*View, error) {
			return New("p", 4, &features.Registry{}, &both, features.LayoutOf(columns))
		},
		"view v is about no entity": func() (*View, error) {
			return New("p", 3, &features.Registry{}, &features.View{Name: "v", Columns: columns}, features.LayoutOf(columns))
		},
		`the entities user and item have the same join key "id"`: func() (*View, error) {
			return New("p", 3, reg, &both, features.LayoutOf(columns))
		},
		"columns x and x of v have the same field": func() (*View, error) {
			twice := slices.Repeat(columns, 2)
			return New("p", 3, &features.Registry{}, &features.View{Name: "v", Entities: []string{"user"}}, features.LayoutOf(twice))
		},
	} {
		if v, err := try(); err == nil || v != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want %q", v, err, want)
		}
	}
}
