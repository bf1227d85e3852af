package features

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// MaxVector is the longest vector column, in elements.
const MaxVector = 1 << 16

// Validate reports every inconsistency, each with its path in features.yaml.
func (r *Registry) Validate() []rank.FieldError {
	v := validator{types: map[string]model.Type{}}
	for _, e := range r.Entities {
		v.entity(e)
	}
	seen := map[string]bool{}
	for i := range r.Views {
		view := &r.Views[i]
		path := "views." + view.Name
		if seen[view.Name] {
			v.fail(path, "there are two views of this name")
		}
		seen[view.Name] = true
		v.view(path, view)
	}
	v.columns(model.ContextView, r.Context, false)
	v.columns(model.RequestView, r.Request, false)
	return v.errs
}

type validator struct {
	types map[string]model.Type // of the entities seen
	errs  []rank.FieldError
}

func (v *validator) fail(path, format string, args ...any) {
	v.errs = append(v.errs, rank.FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (v *validator) entity(e Entity) {
	path := "entities." + e.Name
	if _, twice := v.types[e.Name]; twice {
		v.fail(path, "there are two entities of this name")
	}
	v.types[e.Name] = e.Type
	if e.Name != UserEntity && e.Name != ItemEntity {
		v.fail(path, "a request names a user and items, so an entity is %q or %q", UserEntity, ItemEntity)
	}
	if e.Type != model.String && e.Type != model.Int64 {
		v.fail(path+".type", "an id is a string or an int64, not %s", e.Type)
	}
	if e.Type == model.String && e.JoinType > JoinString {
		v.fail(path+".join_type", "a number, and the entity's ids are strings; say type: int64")
	}
}

func (v *validator) view(path string, view *View) {
	switch {
	case view.Name == model.RequestView || view.Name == model.ContextView:
		v.fail(path, "%q is what came with the request; a view needs another name", view.Name)
	case !validName(view.Name):
		v.fail(path, "a name must not be empty or hold dots, brackets or spaces")
	}
	v.key(path+".entities", view)
	if view.TTL < 0 {
		v.fail(path+".ttl", "%s is negative", view.TTL)
	}
	if view.MaxStale < 0 {
		v.fail(path+".max_stale", "%s is negative", view.MaxStale)
	}
	if view.Version < 0 {
		v.fail(path+".version", "%d is negative", view.Version)
	}
	if view.Source != "" && !filepath.IsLocal(view.Source) {
		v.fail(path+".source", "%q must be a path below the store's directory", view.Source)
	}
	if view.Source != "" && !validSource(view.Source) {
		v.fail(path+".source", "%q must end in .parquet or .csv", view.Source)
	}
	if len(view.Columns) == 0 {
		v.fail(path+".columns", "missing: a view has at least one column")
	}
	v.columns(path+".columns", view.Columns, true)
	for _, c := range view.Columns {
		if slices.Contains(view.Entities, c.Name) {
			v.fail(path+".columns."+c.Name, "the source's column %q holds the entity's id", c.Name)
		}
	}
	if view.CreatedTime != "" && view.EventTime == "" {
		v.fail(path+".created_time", "has no effect without event_time: it tells rows of one event time apart")
	}
	if slices.Contains(view.Entities, view.CreatedTime) {
		v.fail(path+".created_time", "the source's column %q holds the entity's id", view.CreatedTime)
	}
	if slices.Contains(view.Entities, view.EventTime) {
		v.fail(path+".event_time", "the source's column %q holds the entity's id", view.EventTime)
	}
}

func (v *validator) key(path string, view *View) {
	if keyOf(view.Entities) == noKey {
		v.fail(path, "must be [%s], [%s] or [%s, %s], not [%s]",
			UserEntity, ItemEntity, UserEntity, ItemEntity, strings.Join(view.Entities, ", "))
	}
	for _, name := range view.Entities {
		if _, ok := v.types[name]; !ok && (name == UserEntity || name == ItemEntity) {
			v.fail(path, "%q is not declared under entities", name)
		}
	}
}

func (v *validator) columns(path string, columns []Column, loaded bool) {
	seen := map[string]bool{}
	for i := range columns {
		c := &columns[i]
		path := path + "." + c.Name
		if seen[c.Name] {
			v.fail(path, "there are two columns of this name")
		}
		seen[c.Name] = true
		v.column(path, c, loaded)
	}
}

func (v *validator) column(path string, c *Column, loaded bool) {
	if !validName(c.Name) {
		v.fail(path, "a name must not be empty or hold dots, brackets or spaces")
	}
	switch c.Type {
	case model.Float32, model.Float64, model.Int64, model.Int32, model.Bool, model.String:
	default:
		v.fail(path+".type", "%s is not the type of a column; known are float32, float64, int64, int32, bool, string", c.Type)
	}
	switch {
	case c.Length < 0 || c.Length > MaxVector:
		v.fail(path+".type", "a vector has 1 to %d elements, not %d", MaxVector, c.Length)
	case c.Length > 0 && c.Type != model.Float32:
		v.fail(path+".type", "a vector is float32[%d], not %s[%d]", c.Length, c.Type, c.Length)
	}
	v.vocabulary(path+".vocabulary", c)
	v.fallback(path+".default", c, loaded)
}

func (v *validator) vocabulary(path string, c *Column) {
	if c.Vocabulary != nil && c.Type != model.String {
		v.fail(path, "only a string column has a vocabulary, and this one is %s", c.Type)
	}
	seen := make(map[string]bool, len(c.Vocabulary))
	for i, word := range c.Vocabulary {
		if seen[word] {
			v.fail(path, "entry %d, %q, is there twice", i+1, word)
		}
		seen[word] = true
	}
}

func (v *validator) fallback(path string, c *Column, loaded bool) {
	d := c.Default
	if c.Required && (d.Kind != Constant || d.Number != 0 || d.String != "" || d.Vector != nil) {
		v.fail(path, "has no effect: the column is required, so nothing stands in for it")
	}
	switch d.Kind {
	case Constant:
		v.constant(path, c)
	case Mean:
		if c.Type == model.String || c.Type == model.Bool {
			v.fail(path, "a %s has no mean; use most_frequent or a constant", c.Type)
		}
	case MostFrequent:
		if c.Length > 0 {
			v.fail(path, "most_frequent is for scalars; a vector takes mean or a list of %d numbers", c.Length)
		}
	default:
		v.fail(path, "unknown kind of default %d", d.Kind)
	}
	if d.Kind != Constant && !loaded {
		v.fail(path, "what comes with a request is not loaded, so its default is a constant")
	}
}

func (v *validator) constant(path string, c *Column) {
	d := c.Default
	if c.Type != model.String && d.String != "" {
		v.fail(path, "%q is a string and the column is %s", d.String, c.Type)
	}
	if (c.Type == model.String || c.Length > 0) && d.Number != 0 {
		v.fail(path, "%v is a number and the column is %s", d.Number, typeName(c))
	}
	if c.Length == 0 && d.Vector != nil {
		v.fail(path, "a list of %d numbers, and the column is %s", len(d.Vector), typeName(c))
	}
	if c.Length > 0 && d.Vector != nil && len(d.Vector) != c.Length {
		v.fail(path, "a list of %d numbers, and the column is %s", len(d.Vector), typeName(c))
	}
	if slices.ContainsFunc(d.Vector, func(f float32) bool { return !finite(f) }) {
		v.fail(path, "every number must be finite")
	}
	switch c.Type {
	case model.Float32, model.Float64:
		if !finite(float32(d.Number)) {
			v.fail(path, "%v does not fit a float32", d.Number)
		}
	case model.Int64, model.Int32:
		if _, p := integral(d.Number, c.Type); p != Fits {
			v.fail(path, "%v does not fit an %s", d.Number, c.Type)
		}
	case model.Bool:
		if d.Number != 0 && d.Number != 1 {
			v.fail(path, "%v is not a bool", d.Number)
		}
	default: // any string will do
	}
}

// validName reports whether model.yaml can refer to a view or column so named.
func validName(name string) bool {
	_, ok := model.ParseColumn("view." + name)
	return ok
}

// typeName is the type as features.yaml writes it.
func typeName(c *Column) string {
	if c.Length > 0 {
		return fmt.Sprintf("%s[%d]", c.Type, c.Length)
	}
	return c.Type.String()
}

func finite(f float32) bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }
