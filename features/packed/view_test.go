package packed

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// viewOf returns a view of items with the given columns.
func viewOf(columns ...features.Column) *View {
	view := &features.View{Name: "v", Entities: []string{"item"}, Columns: columns}
	return New("rankgate", view, features.LayoutOf(columns))
}

// datedViewOf is viewOf for a view whose rows have a created time.
func datedViewOf(columns ...features.Column) *View {
	view := &features.View{Name: "v", Entities: []string{"item"}, Columns: columns, EventTime: "at", CreatedTime: "created"}
	return New("rankgate", view, features.LayoutOf(columns))
}

// viewAbout returns a view of one column about the given entities.
func viewAbout(entities ...string) *View {
	columns := []features.Column{{Name: "x", Type: model.Float32}}
	return New("rankgate", &features.View{Name: "v", Entities: entities, Columns: columns}, features.LayoutOf(columns))
}

// values lists the cells of a row, nil for a null.
func values(layout *features.Layout, row *features.Row) []any {
	list := make([]any, len(layout.Cells))
	for i := range layout.Cells {
		c := &layout.Cells[i]
		switch {
		case row.Null(i):
		case c.Kind == features.FloatCell:
			list[i] = slices.Clone(row.Floats[c.At : c.At+c.N])
		case c.Kind == features.IntCell:
			list[i] = row.Ints[c.At]
		default:
			list[i] = row.Strings[c.At]
		}
	}
	return list
}

func learn(t *testing.T, v *View, s Schema) {
	t.Helper()
	if err := v.Learn(s); err != nil {
		t.Fatal(err)
	}
}

// A dashboard, a script or another program may make rows; so the text is a contract.
func TestTheSchemaOfAViewNamesItsColumnsInOrder(t *testing.T) {
	columns := []features.Column{
		{Name: "age", Type: model.Float32},
		{Name: "embedding", Type: model.Float32, Length: 32},
		{Name: "country", Type: model.String, Vocabulary: []string{"de"}},
	}
	s := viewOf(columns...).Schema()
	if s.String() != "age float32,embedding float32[32],country string" || s.ID() != 0xd66a0b2d || s.CreatedOffset() != 0 {
		t.Errorf("%q, %08x, %d", s, s.ID(), s.CreatedOffset())
	}
	s = datedViewOf(columns...).Schema()
	if s.String() != "@created int64,age float32,embedding float32[32],country string" || s.CreatedOffset() != 14 {
		t.Errorf("%q, %d", s, s.CreatedOffset())
	}
}

func TestAColumnNamedLikeTheCreatedTimeIsAnotherColumn(t *testing.T) {
	v := datedViewOf(features.Column{Name: createdWord, Type: model.Int64}, features.Column{Name: "a,b %", Type: model.Bool})
	if got := v.Schema().String(); got != "@created int64,%40created int64,a%2Cb%20%25 bool" {
		t.Fatal(got)
	}
	rec := features.Record{Row: v.layout.NewRow(), Created: 7}
	v.layout.Cells[0].SetInt(&rec.Row, 8)
	row := v.layout.NewRow()
	if err := v.Decode(string(v.Encode(nil, &rec)), &row); err != nil || row.Ints[0] != 8 || !row.Null(1) {
		t.Errorf("%v, %v", row, err)
	}
}

func TestSchemasWithOneIDCanNotBothBeLearnt(t *testing.T) {
	one, other := viewOf(features.Column{Name: "c51374", Type: model.Float32}), viewOf(features.Column{Name: "c59512", Type: model.Float32})
	if one.Schema().ID() != other.Schema().ID() {
		t.Fatalf("%08x and %08x are no longer the same", one.Schema().ID(), other.Schema().ID())
	}
	err := one.Learn(other.Schema())
	if err == nil || !strings.Contains(err.Error(), `"c51374 float32" and "c59512 float32" have the same id, ba575b43`) {
		t.Error(err)
	}
	third := viewOf(features.Column{Name: "x", Type: model.Float32})
	learn(t, third, one.Schema())
	learn(t, third, one.Schema())
	if err := third.Learn(other.Schema()); err == nil || !strings.HasPrefix(err.Error(), "view v: ") {
		t.Error(err)
	}
	learn(t, third, third.Schema())
}

func TestSchemasAreLearntWhileRowsAreRead(t *testing.T) {
	v := viewOf(columnsOf("f", model.Float32, 3)...)
	encoded, _ := rowsOf(v, 1)
	var others []*View
	for i := range 50 {
		others = append(others, viewOf(features.Column{Name: fmt.Sprint("g", i), Type: model.String}, features.Column{Name: "f1", Type: model.Int64}))
	}
	var group sync.WaitGroup
	for part := range 2 {
		group.Go(func() {
			for _, other := range others[25*part:][:25] {
				if err := v.Learn(other.Schema()); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for _, other := range others {
				rows, _ := rowsOf(other, 1)
				for {
					row := v.layout.NewRow()
					err := v.Decode(rows[0], &row)
					if err == nil && row.Floats[1] == 1 {
						break
					}
					if unknown := new(UnknownSchemaError); !errors.As(err, &unknown) {
						t.Error(row, err)
						break
					}
				}
			}
		})
		group.Go(func() {
			for range 1000 {
				row := v.layout.NewRow()
				if err := v.Decode(encoded[0], &row); err != nil || row.Floats[2] != 2 {
					t.Error(row, err)
				}
			}
		})
	}
	group.Wait()
}
