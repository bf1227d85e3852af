package features

import (
	"fmt"
	"strings"

	"github.com/rankgate/rankgate/model"
)

// Widths says how many elements a column of reg is and whether it can feed an
// input of a type:
//
//	float32, float64, vectors → float16, float32, float64
//	int64, int32              → int64, int32, float16, float32, float64
//	bool                      → bool, and whatever an int feeds
//	string                    → string
//	string with a vocabulary  → string, and its code whatever an int feeds
//	missing(column)           → whatever a bool feeds
func Widths(reg *Registry) model.Widths {
	return func(c model.Column, into model.Type) (int, error) {
		column, err := reg.column(c)
		if err != nil {
			return 0, err
		}
		if c.Missing {
			if into == model.String {
				return 0, fmt.Errorf("%s is a flag and the graph's input is string; a flag feeds a bool, an integer or a float", c)
			}
			return 1, nil
		}
		if !feeds(column, into) {
			return 0, fmt.Errorf("%s is %s and the graph's input is %s; %s", c, typeName(column), into, remedy(column, c))
		}
		return max(column.Length, 1), nil
	}
}

// column finds what a model refers to. Where nothing is declared of what comes
// with the request, any name is a float32.
func (r *Registry) column(c model.Column) (*Column, error) {
	columns := r.Request
	switch c.View {
	case model.RequestView:
	case model.ContextView:
		columns = r.Context
	default:
		i, err := r.view(c.View)
		if err != nil {
			return nil, err
		}
		columns = r.Views[i].Columns
	}
	for i := range columns {
		if columns[i].Name == c.Name {
			return &columns[i], nil
		}
	}
	if len(columns) == 0 && (c.View == model.RequestView || c.View == model.ContextView) {
		return &Column{Name: c.Name, Type: model.Float32}, nil
	}
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return nil, fmt.Errorf("%s has no column %q%s; it has %s", c.View, c.Name, suggest(c.Name, names), strings.Join(names, ", "))
}

// view returns the index of the view of that name.
func (r *Registry) view(name string) (int, error) {
	names := []string{model.ContextView, model.RequestView}
	for i := range r.Views {
		if r.Views[i].Name == name {
			return i, nil
		}
		names = append(names, r.Views[i].Name)
	}
	if len(r.Views) == 0 {
		return -1, fmt.Errorf("there is no view %q, for no features.yaml is named (features.registry, or --features)", name)
	}
	return -1, fmt.Errorf("there is no view %q%s; there are %s", name, suggest(name, names), strings.Join(names, ", "))
}

func feeds(c *Column, into model.Type) bool {
	float := into == model.Float16 || into == model.Float32 || into == model.Float64
	integer := into == model.Int64 || into == model.Int32
	switch c.Type {
	case model.String:
		return into == model.String || c.Vocabulary != nil && (float || integer)
	case model.Int64, model.Int32:
		return float || integer
	case model.Bool:
		return float || integer || into == model.Bool
	default:
		return float
	}
}

// remedy says what to do about a column that does not feed an input.
func remedy(c *Column, from model.Column) string {
	switch {
	case c.Type == model.String && c.Vocabulary == nil:
		return "give the column a vocabulary in features.yaml, or the graph a string input"
	case c.Type == model.String:
		return "a string with a vocabulary feeds its code to an integer or a float, or itself to a string"
	case c.Type == model.Bool:
		return "a bool feeds a bool, an integer or a float"
	case c.Type == model.Int64 || c.Type == model.Int32:
		return "an integer feeds an integer or a float"
	case from.View == model.RequestView || from.View == model.ContextView:
		return fmt.Sprintf("a float feeds a float; declare %s with its type in features.yaml", from)
	default:
		return "a float feeds a float"
	}
}
