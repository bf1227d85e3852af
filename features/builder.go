package features

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Builder gathers the rows of a new snapshot of a Memory store. The latest row
// of an entity wins by event time, then by created time, then by order of
// arrival; a row without a time counts as the oldest. A Builder is for one
// goroutine, and is spent once it has been swapped in.
type Builder struct {
	registry *Registry
	users    *dictionary
	items    *dictionary
	tables   []*tableBuilder // by Registry.Views
	interned map[string]string
	bytes    int // of the strings and ids added
}

// maxInterned bounds the distinct strings that are kept once and shared.
const maxInterned = 1 << 16

// NewBuilder returns an empty Builder.
func NewBuilder(reg *Registry) *Builder {
	b := &Builder{
		registry: reg, users: newDictionary(), items: newDictionary(),
		interned: map[string]string{},
	}
	for i := range reg.Views {
		b.tables = append(b.tables, newTableBuilder(b, &reg.Views[i]))
	}
	return b
}

// Add adds one row without a time: ids and values in the order of the view's
// entities and columns. A value is nil for a null, a bool, string, []float32,
// or any Go integer or float.
func (b *Builder) Add(view string, ids []string, values ...any) error {
	return b.AddAt(view, time.Time{}, ids, values...)
}

// AddAt is Add for a row with an event time.
func (b *Builder) AddAt(view string, at time.Time, ids []string, values ...any) error {
	i := slices.IndexFunc(b.registry.Views, func(v View) bool { return v.Name == view })
	if i < 0 {
		return fmt.Errorf("there is no view %q", view)
	}
	t := b.tables[i]
	if len(ids) != len(t.view.Entities) {
		return fmt.Errorf("%s: %d ids for the entities [%s]", view, len(ids), strings.Join(t.view.Entities, ", "))
	}
	if len(values) != len(t.layout.Cells) {
		return fmt.Errorf("%s: %d values for %d columns", view, len(values), len(t.layout.Cells))
	}
	row := t.begin()
	for i, v := range values {
		if err := t.setAny(&row, i, v); err != nil {
			return fmt.Errorf("%s: %w", view, err)
		}
	}
	for i, id := range ids {
		if err := t.setID(i, id); err != nil {
			return fmt.Errorf("%s: %w", view, err)
		}
	}
	t.commit(millis(at), 0)
	return nil
}

// intern returns a string equal to s that shares no memory with it, and is the
// same for equal strings as long as there are not too many.
func (b *Builder) intern(s string) string {
	if kept, ok := b.interned[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	b.bytes += len(s)
	if len(b.interned) < maxInterned {
		b.interned[s] = s
	}
	return s
}

// tableBuilder gathers the rows of one view, flat, in the layout of Row.
type tableBuilder struct {
	builder  *Builder
	view     *View
	layout   *Layout
	entities []Entity // of the view

	floats  []float32
	ints    []int64
	strings []string
	nulls   []uint64
	times   []int64
	created []int64  // empty if the view has no created time
	keys    []uint64 // user<<32 | item, as numbers of the dictionaries

	rowOf     map[uint64]int // by key
	pending   uint64         // key of the row begun
	nonFinite int            // cells that were NaN or infinite and count as null

	skip int64        // rows of the source to pass over
	read int64        // rows of the source read, those passed over included
	full func() error // called after every row read; nil where all rows are gathered
	size int64        // bytes of the file
	done func() int64 // about how many of them have been read
}

func newTableBuilder(b *Builder, view *View) *tableBuilder {
	t := &tableBuilder{builder: b, view: view, layout: LayoutOf(view.Columns), rowOf: map[uint64]int{}}
	for _, e := range view.Entities {
		t.entities = append(t.entities, b.registry.Entity(e))
	}
	return t
}

// begin appends a row in which every column is null. It is there once commit
// has been called; a row begun and not committed is begun again.
func (t *tableBuilder) begin() Row {
	n, l := len(t.keys), t.layout
	t.pending = 0
	t.floats = extend(t.floats, n*l.floats, l.floats)
	t.ints = extend(t.ints, n*l.ints, l.ints)
	t.strings = extend(t.strings, n*l.strings, l.strings)
	t.nulls = extend(t.nulls, n*l.words, l.words)
	row := t.row(n)
	for i := range l.Cells {
		row.Nulls[i>>6] |= 1 << (i & 63)
	}
	return row
}

// setID names the entity that the row begun is about; i counts the view's
// entities.
func (t *tableBuilder) setID(i int, id string) error {
	if err := t.entities[i].CheckID(id); err != nil {
		return err
	}
	t.builder.bytes += len(id)
	if t.entities[i].Name == UserEntity {
		t.pending |= uint64(t.builder.users.add(id)) << 32
	} else {
		t.pending |= uint64(t.builder.items.add(id))
	}
	return nil
}

// commit ends the row begun, which happened at the given time and was written
// down at the other, which only counts if the view has a created time.
func (t *tableBuilder) commit(at, created int64) {
	n := len(t.keys)
	old, twice := t.rowOf[t.pending]
	dated := t.view.CreatedTime != ""
	if !twice {
		t.rowOf[t.pending] = n
		t.keys = append(t.keys, t.pending)
		t.times = append(t.times, at)
		if dated {
			t.created = append(t.created, created)
		}
		return
	}
	if at < t.times[old] || dated && at == t.times[old] && created < t.created[old] {
		return // the next begin takes the place of the row begun
	}
	if dated {
		t.created[old] = created
	}
	from, to := t.row(n), t.row(old)
	copy(to.Floats, from.Floats)
	copy(to.Ints, from.Ints)
	copy(to.Strings, from.Strings)
	copy(to.Nulls, from.Nulls)
	t.times[old] = at
}

// row is row i as a view of the slabs.
func (t *tableBuilder) row(i int) Row {
	l := t.layout
	return Row{
		Floats:  t.floats[i*l.floats : (i+1)*l.floats : (i+1)*l.floats],
		Ints:    t.ints[i*l.ints : (i+1)*l.ints : (i+1)*l.ints],
		Strings: t.strings[i*l.strings : (i+1)*l.strings : (i+1)*l.strings],
		Nulls:   t.nulls[i*l.words : (i+1)*l.words : (i+1)*l.words],
	}
}

// accept turns what a set method said about a cell into an error. A value that
// is not finite leaves the cell null and is counted.
func (t *tableBuilder) accept(c *Cell, p Problem, value any) error {
	switch p {
	case Fits:
		return nil
	case NotFinite:
		t.nonFinite++
		return nil
	default:
		return fmt.Errorf("column %s: %s %s; the column is %s", c.Name, clip(fmt.Sprint(value)), p, typeName(c.Column))
	}
}

func (t *tableBuilder) setAny(row *Row, column int, value any) error {
	c := &t.layout.Cells[column]
	p := wrongKind
	switch v := value.(type) {
	case nil:
		p = Fits
	case bool:
		p = c.SetBool(row, v)
	case string:
		p = c.SetString(row, t.builder.intern(v))
	case []float32:
		p = c.SetVector(row, v)
	case float64:
		p = c.SetFloat(row, v)
	case float32:
		p = c.SetFloat(row, float64(v))
	case int:
		p = c.SetInt(row, int64(v))
	case int64:
		p = c.SetInt(row, v)
	case int32:
		p = c.SetInt(row, int64(v))
	}
	return t.accept(c, p, value)
}

// extend returns s with n zero elements from index from on.
func extend[T any](s []T, from, n int) []T {
	s = slices.Grow(s[:from], n)[:from+n]
	clear(s[from:])
	return s
}

// canonical reports whether id is the decimal form of an int64, the only form
// under which an int64 entity is known: "007" and "+7" are not 7.
func canonical(id string) bool {
	digits := strings.TrimPrefix(id, "-")
	if digits == "" || digits[0] == '+' || digits[0] == '0' && id != "0" {
		return false
	}
	_, err := strconv.ParseInt(id, 10, 64)
	return err == nil
}

// millis is t as Row.Time. The epoch itself becomes 1, because 0 means that
// there is no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return known(t.UnixMilli())
}

func known(ms int64) int64 {
	if ms == 0 {
		return 1
	}
	return ms
}

// clip shortens a foreign value for an error message and leaves out what could
// steer a terminal.
func clip(s string) string {
	const longest = 64
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
