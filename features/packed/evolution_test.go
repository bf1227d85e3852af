package packed

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

func TestARowOfAnotherSchemaIsReadOnceItIsLearnt(t *testing.T) {
	old, v := datedViewOf(every...), viewOf(
		features.Column{Name: "gone", Type: model.String}, // moved
		features.Column{Name: "ratio", Type: model.Int64}, // converted
		features.Column{Name: "added", Type: model.Float32, Length: 3},
		features.Column{Name: "vector", Type: model.Float32, Length: 2},
		features.Column{Name: "clicks", Type: model.Float32}, // converted
		features.Column{Name: "color", Type: model.String},
	)
	rec := everyRow(old.layout)
	old.layout.Cells[1].SetFloat(&rec.Row, 4)
	data, row := string(old.Encode(nil, &rec)), v.layout.NewRow()
	var unknown *UnknownSchemaError
	if err := v.Decode(data, &row); !errors.As(err, &unknown) || *unknown != (UnknownSchemaError{"v", old.Schema().ID()}) {
		t.Fatal(err)
	}
	s, err := ParseSchema(old.Schema().String())
	if err != nil {
		t.Fatal(err)
	}
	learn(t, v, s)
	if err := v.Decode(data, &row); err != nil {
		t.Fatal(err)
	}
	want := []any{nil, int64(4), nil, []float32{1, 2}, []float32{-2}, "blüe"}
	if got := values(v.layout, &row); !reflect.DeepEqual(got, want) || row.Time != rec.Row.Time {
		t.Errorf("%v; want %v", got, want)
	}
}

func TestATypeThatCanNotBecomeTheViewsIsRefusedWhenItIsLearnt(t *testing.T) {
	typed := func(name string) *View {
		kind, length := model.Float32, 0
		switch name {
		case "float32[2]":
			length = 2
		case "float32[3]":
			length = 3
		default:
			kind, _ = model.ParseType(name)
		}
		return viewOf(features.Column{Name: "x", Type: kind, Length: length})
	}
	names := []string{"float32", "float64", "int64", "int32", "bool", "string", "float32[2]", "float32[3]"}
	for i, from := range names {
		for j, to := range names {
			old, v := typed(from), typed(to)
			err := v.Learn(old.Schema())
			if i == j || i < 4 && j < 4 {
				if err != nil {
					t.Errorf("%s to %s: %v", from, to, err)
				}
				continue
			}
			want := "view v: column x is " + to + " in features.yaml and " + from + " in rows of schema "
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s to %s: %v; want %q", from, to, err, want)
			}
			data, row := rowWith(old, 1), v.layout.NewRow()
			if again := v.Decode(data, &row); again == nil || !errors.Is(again, err) {
				t.Errorf("%s to %s: %v; want %v", from, to, again, err)
			}
		}
	}
}

// rowWith is a row of the view whose columns all have a value.
func rowWith(v *View, seed int) string {
	rec := features.Record{Row: v.layout.NewRow()}
	for c := range v.layout.Cells {
		fill(&v.layout.Cells[c], &rec.Row, seed)
	}
	return string(v.Encode(nil, &rec))
}

func TestAValueThatDoesNotSurviveItsNewTypeIsAnError(t *testing.T) {
	for _, c := range []struct {
		from, to model.Type
		value    float64
		want     string
	}{
		{model.Int64, model.Int32, 1 << 40, "view v: column x: int64 1099511627776 is out of range; the column is int32"},
		{model.Float32, model.Int64, 0.5, "view v: column x: float32 0.5 is not a whole number; the column is int64"},
		{model.Float64, model.Int32, -1 << 40, "view v: column x: float64 -1.099511627776e+12 is out of range; the column is int32"},
		{model.Float64, model.Int32, 7, ""},
		{model.Int32, model.Int64, -7, ""},
		{model.Int64, model.Float64, 3, ""},
	} {
		old, v := viewOf(features.Column{Name: "x", Type: c.from}), viewOf(features.Column{Name: "x", Type: c.to})
		learn(t, v, old.Schema())
		rec, row := features.Record{Row: old.layout.NewRow()}, v.layout.NewRow()
		old.layout.Cells[0].SetFloat(&rec.Row, c.value)
		err := v.Decode(string(old.Encode(nil, &rec)), &row)
		if c.want != "" && (err == nil || err.Error() != c.want) || c.want == "" && (err != nil || row.Null(0)) {
			t.Errorf("%s to %s: %v; want %q", c.from, c.to, err, c.want)
		}
	}
}

func TestColumnsInAnotherOrderAreReadToTheirOwnCells(t *testing.T) {
	columns := columnsOf("f", model.Float32, 150)
	old := viewOf(columns...)
	moved := slices.Concat(columns[70:], columns[3:70], columns[:2]) // f2 is gone
	v := viewOf(moved...)
	learn(t, v, old.Schema())
	rec, row := features.Record{Row: old.layout.NewRow()}, v.layout.NewRow()
	for i := range columns {
		if i%7 != 0 {
			old.layout.Cells[i].SetInt(&rec.Row, int64(i))
		}
	}
	if err := v.Decode(string(old.Encode(nil, &rec)), &row); err != nil {
		t.Fatal(err)
	}
	before := map[string]any{}
	for i, value := range values(old.layout, &rec.Row) {
		before[columns[i].Name] = value
	}
	for i, value := range values(v.layout, &row) {
		if !reflect.DeepEqual(value, before[moved[i].Name]) {
			t.Errorf("%s: %v; want %v", moved[i].Name, value, before[moved[i].Name])
		}
	}
	if len(v.own.runs) > 4 || len(v.own.scalars) > 0 {
		t.Errorf("150 floats are read as %d runs and %d scalars", len(v.own.runs), len(v.own.scalars))
	}
}
