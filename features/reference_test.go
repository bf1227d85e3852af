package features

import (
	"fmt"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// world is a random registry with random rows in it, kept a second time in the
// plainest form there is.
type world struct {
	reg   *Registry
	rows  []map[string]plainRow // by view, by joined ids
	store *Memory
}

type plainRow struct {
	at     int64
	values []any
}

const epoch = int64(1_700_000_000_000)

var (
	anyType = rapid.SampledFrom([]model.Type{model.Float32, model.Float64, model.Int64, model.Int32, model.Bool, model.String})
	words   = rapid.SampledFrom([]string{"", "red", "green", "blue", "violet"})
	someID  = rapid.SampledFrom([]string{"1", "2", "3", "-4", "5"})
)

func drawColumn(t *rapid.T, name string, loaded bool) Column {
	c := Column{Name: name, Type: anyType.Draw(t, "type"), Required: rapid.IntRange(0, 30).Draw(t, "required") == 0}
	switch {
	case c.Type == model.Float32 && rapid.Bool().Draw(t, "vector"):
		c.Length = rapid.IntRange(1, 5).Draw(t, "length")
	case c.Type == model.String && rapid.Bool().Draw(t, "coded"):
		c.Vocabulary = []string{"red", "green", ""}
	}
	if c.Required || rapid.Bool().Draw(t, "plain") {
		return c
	}
	if kind := DefaultKind(rapid.IntRange(0, 2).Draw(t, "kind")); loaded {
		c.Default.Kind = kind
	}
	switch {
	case c.Default.Kind == Mean && (c.Type == model.String || c.Type == model.Bool),
		c.Default.Kind == MostFrequent && c.Length > 0:
		c.Default.Kind = Constant
	}
	if c.Default.Kind != Constant {
		return c
	}
	switch {
	case c.Length > 0:
		for range c.Length {
			c.Default.Vector = append(c.Default.Vector, rapid.Float32Range(-9, 9).Draw(t, "element"))
		}
	case c.Type == model.String:
		c.Default.String = words.Draw(t, "word")
	case c.Type == model.Bool:
		c.Default.Number = float64(rapid.IntRange(0, 1).Draw(t, "bit"))
	default:
		c.Default.Number = float64(rapid.IntRange(-99, 99).Draw(t, "number"))
	}
	return c
}

func drawColumns(t *rapid.T, prefix string, most int, loaded bool) []Column {
	var columns []Column
	for i := range rapid.IntRange(1, most).Draw(t, "columns") {
		columns = append(columns, drawColumn(t, fmt.Sprint(prefix, i), loaded))
	}
	return columns
}

func drawWorld(t *rapid.T) *world {
	w := &world{reg: &Registry{Entities: []Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.String}}}}
	keys := [][]string{{"user"}, {"item"}, {"user", "item"}}
	for i := range rapid.IntRange(1, 4).Draw(t, "views") {
		v := View{Name: fmt.Sprint("v", i), Entities: rapid.SampledFrom(keys).Draw(t, "key")}
		most := 6
		if rapid.IntRange(0, 9).Draw(t, "wide") == 0 {
			most = 80
		}
		v.Columns = drawColumns(t, "c", most, true)
		if rapid.Bool().Draw(t, "ttl") {
			v.TTL, v.MaxStale = time.Minute, time.Minute
		}
		w.reg.Views = append(w.reg.Views, v)
	}
	w.reg.Context = drawColumns(t, "x", 4, false)
	w.reg.Request = drawColumns(t, "r", 4, false)
	if errs := w.reg.Validate(); errs != nil {
		t.Fatalf("Validate: %v", errs)
	}
	w.fill(t)
	return w
}

func (w *world) fill(t *rapid.T) {
	b := NewBuilder(w.reg)
	for i := range w.reg.Views {
		v := &w.reg.Views[i]
		w.rows = append(w.rows, map[string]plainRow{})
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			ids := make([]string, len(v.Entities))
			for j := range ids {
				ids[j] = someID.Draw(t, "id")
			}
			row := plainRow{at: epoch - rapid.Int64Range(0, 180_000).Draw(t, "age")}
			for j := range v.Columns {
				row.values = append(row.values, drawStored(t, &v.Columns[j]))
			}
			if err := b.AddAt(v.Name, time.UnixMilli(row.at), ids, row.values...); err != nil {
				t.Fatalf("AddAt: %v", err)
			}
			key := fmt.Sprint(ids)
			if old, ok := w.rows[i][key]; !ok || row.at >= old.at {
				w.rows[i][key] = row
			}
		}
	}
	w.store = NewMemory(w.reg)
	w.store.Swap(b)
}

func drawStored(t *rapid.T, c *Column) any {
	if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
		return nil
	}
	// Eighths add up exactly, whatever the order.
	eighths := rapid.Map(rapid.Int32Range(-1<<20, 1<<20), func(i int32) float32 { return float32(i) / 8 })
	switch {
	case c.Length > 0:
		return rapid.SliceOfN(eighths, c.Length, c.Length).Draw(t, "vector")
	case c.Type == model.String:
		return words.Draw(t, "word")
	case c.Type == model.Bool:
		return rapid.Bool().Draw(t, "bit")
	case c.Type == model.Int64:
		return rapid.Int64Range(-1<<40, 1<<40).Draw(t, "int")
	case c.Type == model.Int32:
		return rapid.Int32().Draw(t, "int")
	default:
		return eighths.Draw(t, "float")
	}
}

// plain is what stands for a column: its value, and whether a default does.
type plain struct {
	value   any // float32, int64, bool, string or []float32
	missing bool
	broken  bool // does not fit
}

// defaultOf learns a default the slow way.
func (w *world) defaultOf(view int, c *Column, column int) any {
	var seen []any
	if view >= 0 {
		for _, row := range w.rows[view] {
			if row.values[column] != nil {
				seen = append(seen, normal(c, row.values[column]))
			}
		}
	}
	switch c.Default.Kind {
	case Mean:
		return plainMean(c, seen)
	case MostFrequent:
		return plainMode(c, seen)
	}
	switch {
	case c.Length > 0 && c.Default.Vector != nil:
		return c.Default.Vector
	case c.Length > 0:
		return make([]float32, c.Length)
	case c.Type == model.String:
		return c.Default.String
	case c.Type == model.Bool:
		return c.Default.Number == 1
	default:
		return normal(c, c.Default.Number)
	}
}

func plainMean(c *Column, seen []any) any {
	sums := make([]float64, max(c.Length, 1))
	for _, v := range seen {
		for j := range sums {
			switch v := v.(type) {
			case float32:
				sums[0] += float64(v)
			case int64:
				sums[0] += float64(v)
			case []float32:
				sums[j] += float64(v[j])
			}
		}
	}
	for j := range sums {
		sums[j] /= max(float64(len(seen)), 1)
	}
	if c.Length == 0 && c.Type != model.Float32 && c.Type != model.Float64 {
		return int64(math.RoundToEven(sums[0]))
	}
	vector := make([]float32, len(sums))
	for j, s := range sums {
		vector[j] = float32(s)
	}
	if c.Length > 0 {
		return vector
	}
	return vector[0]
}

func plainMode(c *Column, seen []any) any {
	slices.SortFunc(seen, func(a, b any) int {
		switch a := a.(type) {
		case float32:
			return compare(a, b.(float32))
		case int64:
			return compare(a, b.(int64))
		case string:
			return compare(a, b.(string))
		default:
			return compare(fmt.Sprint(a), fmt.Sprint(b)) // false before true
		}
	})
	best, most := normal(c, zeroOf(c)), 0
	for i := 0; i < len(seen); {
		n := 1
		for i+n < len(seen) && seen[i+n] == seen[i] {
			n++
		}
		if n > most {
			best, most = seen[i], n
		}
		i += n
	}
	return best
}

func compare[T float32 | int64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func zeroOf(c *Column) any {
	switch c.Type {
	case model.String:
		return ""
	case model.Bool:
		return false
	default:
		return 0.0
	}
}

// normal brings a stored value to its plain type.
func normal(c *Column, v any) any {
	n, isNumber := 0.0, true
	switch v := v.(type) {
	case float64:
		n = v
	case float32:
		n = float64(v)
	case int32:
		n = float64(v)
	case int64:
		n = float64(v)
	default:
		isNumber = false
	}
	switch {
	case !isNumber:
		return v
	case c.Type == model.Int64 || c.Type == model.Int32:
		return int64(n)
	default:
		return float32(n)
	}
}

// sent is the plain form of a field that came with the request.
func sent(c *Column, req *rank.Request, fields []rank.Field) (plain, rank.Status) {
	for _, f := range slices.Backward(fields) {
		if f.Name != c.Name {
			continue
		}
		if f.Value.Kind == rank.Null {
			return plain{missing: true, broken: c.Required}, rank.NullValue
		}
		if v, ok := sentValue(c, req, f.Value); ok {
			return plain{value: v}, rank.Present
		}
		return plain{missing: true, broken: true}, rank.Errored
	}
	return plain{missing: true, broken: c.Required}, rank.Missing
}

func sentValue(c *Column, req *rank.Request, v rank.Value) (any, bool) {
	isFloat := c.Type == model.Float32 || c.Type == model.Float64
	switch {
	case c.Length > 0:
		if v.Kind != rank.Vector || int(v.To-v.From) != c.Length {
			return nil, false
		}
		return slices.Clone(req.Floats[v.From:v.To]), true
	case c.Type == model.String:
		return v.Str, v.Kind == rank.String
	case c.Type == model.Bool:
		return v.Int == 1, v.Kind == rank.Bool
	case v.Kind != rank.Int && v.Kind != rank.Float:
		return nil, false
	case isFloat:
		return float32(v.Float), !math.IsInf(float64(float32(v.Float)), 0)
	}
	whole := v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<62
	if c.Type == model.Int32 {
		whole = whole && v.Float >= math.MinInt32 && v.Float <= math.MaxInt32
	}
	return int64(v.Float), whole
}

// element is entry i of a plain value as an element of a tensor of type into.
func element(c *Column, p plain, i int, flag bool, into model.Type) any {
	n := 0.0
	switch v := p.value.(type) {
	case float32:
		n = float64(v)
	case int64:
		n = float64(v)
	case bool:
		n = flagNumber(v)
	case []float32:
		n = float64(v[i])
	case string:
		if into == model.String {
			return v
		}
		n = float64(slices.Index(c.Vocabulary, v) + 1)
	}
	if flag {
		n = flagNumber(p.missing)
	}
	switch into {
	case model.Float64:
		return n
	case model.Float32:
		return float32(n)
	case model.Float16:
		return model.FloatToHalf(float32(n))
	case model.Int64:
		return int64(n)
	case model.Int32:
		return int32(min(max(n, math.MinInt32), math.MaxInt32))
	default:
		return n != 0
	}
}

func flagNumber(v bool) float64 {
	if v {
		return 1
	}
	return 0
}

// at reads one element of a buffer.
func at(b *model.Buffer, into model.Type, i int) any {
	switch into {
	case model.Float64:
		return b.Float64[i]
	case model.Float32:
		return b.Float32[i]
	case model.Float16:
		return b.Float16[i]
	case model.Int64:
		return b.Int64[i]
	case model.Int32:
		return b.Int32[i]
	case model.Bool:
		return b.Bool[i]
	default:
		return b.String[i]
	}
}
