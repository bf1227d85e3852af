package feast

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// columns translates the columns of a view that can be.
func (t *translation) columns(v *FeatureView, entities []string) []features.Column {
	var columns []features.Column
	seen := map[string]bool{}
	for i := range v.Columns {
		f := &v.Columns[i]
		c, why := column(f)
		switch {
		case why != "":
		case f.Name == t.options.User, f.Name == t.options.Item:
			why = "it is the join key"
		case slices.Contains(entities, f.Name):
			why = "a column named after an entity holds its id here"
		case seen[f.Name]:
			why = "there are two columns of this name"
		}
		if why != "" {
			t.omit(v, f.Name, why)
			continue
		}
		seen[f.Name] = true
		columns = append(columns, c)
	}
	return columns
}

// column translates one column, or says why that can't be. A column has no other
// name in the store than here, so one that model.yaml can't hold is lost.
func column(f *Feature) (c features.Column, why string) {
	c = features.Column{Name: f.Name, Description: f.Description}
	if strings.ContainsFunc(f.Name, unnamable) {
		return c, "a column's name can't hold dots, brackets or spaces"
	}
	switch int(f.Type) {
	case floatVal:
		c.Type = model.Float32
	case doubleVal:
		c.Type = model.Float64
	case int64Val, unixTimestampVal:
		c.Type = model.Int64
	case int32Val:
		c.Type = model.Int32
	case boolVal:
		c.Type = model.Bool
	case stringVal:
		c.Type = model.String
	case floatListVal, doubleListVal, int64ListVal, int32ListVal:
		c.Type, c.Length = model.Float32, f.Length
		if f.Length < 1 || f.Length > features.MaxVector {
			return c, fmt.Sprintf("it is %s, whose length Feast does not know; "+
				`add it by hand, as "float32[N]", or set vector_length in its Field`, f.Type)
		}
	default:
		return c, fmt.Sprintf("it is %s, and a column is a number, a bool, a string or a vector of numbers", f.Type)
	}
	return c, ""
}
