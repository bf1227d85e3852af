package features

import (
	"fmt"

	"github.com/rankgate/rankgate/rank"
)

// fieldNames says which cell a field that came with the request feeds.
type fieldNames struct {
	names []string
	index map[string]int // nil while a scan of the names is faster
}

// scanned is how many names are compared one by one rather than hashed.
const scanned = 8

func namesOf(columns []Column) fieldNames {
	f := fieldNames{names: make([]string, len(columns))}
	if len(columns) > scanned {
		f.index = make(map[string]int, len(columns))
	}
	for i := range columns {
		f.names[i] = columns[i].Name
		if f.index != nil {
			f.index[columns[i].Name] = i
		}
	}
	return f
}

func (f *fieldNames) find(name string) int {
	if f.index != nil {
		if i, ok := f.index[name]; ok {
			return i
		}
		return -1
	}
	for i, n := range f.names {
		if n == name {
			return i
		}
	}
	return -1
}

// match writes to found, for each of len(found) names from the given one on,
// the index of its field or -1. Of two fields of one name the later counts.
func (f *fieldNames) match(fields []rank.Field, from int, found []int32) {
	for i := range found {
		found[i] = -1
	}
	for i := range fields {
		if c := f.find(fields[i].Name) - from; c >= 0 && c < len(found) {
			found[c] = int32(i)
		}
	}
}

// Check refuses a request whose context cannot feed the model.
func (p *Plan) Check(req *rank.Request) error {
	if p.context < 0 {
		return nil
	}
	v := &p.views[p.context]
	row := v.constants.clone()
	found := make([]int32, len(v.names.names))
	v.names.match(req.Context, 0, found)
	for i, at := range found {
		c := &v.layout.Cells[i]
		if at < 0 || req.Context[at].Value.Kind == rank.Null {
			if c.Required {
				return rank.Errorf(rank.InvalidRequest, "context.%s: missing; the model does not score without this %s",
					c.Name, typeName(c.Column))
			}
			continue
		}
		value := &req.Context[at].Value
		if problem := c.setValue(&row, value, req.Floats); problem != Fits {
			return rank.Errorf(rank.InvalidRequest, "context.%s: %s", c.Name, misfit(value, problem, c.Column))
		}
	}
	return nil
}

// misfit says what was sent and what the model reads.
func misfit(v *rank.Value, p Problem, c *Column) string {
	reads := "the model reads " + typeName(c)
	switch {
	case p == wrongLength:
		return fmt.Sprintf("%d numbers were sent, but %s", v.To-v.From, reads)
	case p == wrongKind:
		return fmt.Sprintf("%s was sent, but %s", v.Kind, reads)
	case v.Kind == rank.Vector:
		return fmt.Sprintf("a number in the list %s, and %s", p, reads)
	case v.Kind == rank.Int:
		return fmt.Sprintf("%d %s, and %s", v.Int, p, reads)
	default:
		return fmt.Sprintf("%v %s, and %s", v.Float, p, reads)
	}
}
