package ingest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rankgate/rankgate/features"
)

// Decoder turns events into rows of a registry's views. It reads untrusted
// text: what it takes in memory is bounded by the event and its view. It keeps
// scratch memory, so it is for one goroutine.
type Decoder struct {
	maxEvent int
	maxAhead time.Duration
	views    map[string]*view
	names    []string // of views, sorted
	vector   []float32
	seen     []bool // columns of the event, by Cell.Bit
}

// view is what the decoder knows of one view.
type view struct {
	*features.View
	index    int // in Registry.Views
	layout   *features.Layout
	entities []features.Entity
	columns  map[string]*features.Cell
}

// Event is a decoded event.
type Event struct {
	View   int // index into Registry.Views
	Record features.Record
}

// NewDecoder returns a Decoder for the views of reg, which must be valid.
func NewDecoder(reg *features.Registry, cfg *Config) *Decoder {
	d := &Decoder{maxEvent: cfg.MaxEvent, maxAhead: cfg.MaxAhead, views: map[string]*view{}}
	for i := range reg.Views {
		v := &view{View: &reg.Views[i], index: i, layout: features.LayoutOf(reg.Views[i].Columns), columns: map[string]*features.Cell{}}
		for _, name := range v.Entities {
			v.entities = append(v.entities, reg.Entity(name))
		}
		for c := range v.layout.Cells {
			v.columns[v.layout.Cells[c].Name] = &v.layout.Cells[c]
		}
		d.views[v.Name] = v
		d.seen = slices.Grow(d.seen, len(v.Columns))
	}
	d.names = slices.Sorted(maps.Keys(d.views))
	return d
}

// Decode reads one event, which it does not keep. An event that can't be a row
// is a *EventError.
func (d *Decoder) Decode(text []byte, now time.Time) (Event, error) {
	event, refusal := d.decode(text, now)
	if refusal != nil {
		return Event{}, refusal
	}
	return event, nil
}

func (d *Decoder) decode(text []byte, now time.Time) (Event, *EventError) {
	if len(text) > d.maxEvent {
		return Event{}, refuse(TooLarge, "the event is %d bytes; at most %d are read (ingest.max_event)", len(text), d.maxEvent)
	}
	e, refusal := openEnvelope(text)
	if refusal != nil {
		return Event{}, refusal
	}
	v, refusal := d.viewOf(e.view)
	if refusal != nil {
		return Event{}, refusal
	}
	event := Event{View: v.index}
	r := &event.Record
	if r.User, refusal = v.id(features.UserEntity, e.user); refusal != nil {
		return Event{}, refusal
	}
	if r.Item, refusal = v.id(features.ItemEntity, e.item); refusal != nil {
		return Event{}, refusal
	}
	if r.Row, refusal = d.row(v, e.columns); refusal != nil {
		return Event{}, refusal
	}
	if r.Row.Time, refusal = d.eventTime(e.eventTime, now); refusal != nil {
		return Event{}, refusal
	}
	if r.Created, refusal = createdTime(e.createdTime); refusal != nil {
		return Event{}, refusal
	}
	return event, nil
}

func (d *Decoder) viewOf(value []byte) (*view, *EventError) {
	switch {
	case value == nil:
		return nil, refuse(UnknownView, "view: missing")
	case value[0] != '"':
		return nil, refuse(UnknownView, "view: must be the name of a view, not %s", describe(value))
	}
	name := unquote(value)
	v, ok := d.views[string(name)]
	if !ok {
		return nil, refuse(UnknownView, "view: there is no view %q; %s", clip(name), hint(string(name), d.names))
	}
	return v, nil
}

// id reads the id of an entity that the event names, or is to name.
func (v *view) id(entity string, value []byte) (string, *EventError) {
	i := slices.IndexFunc(v.entities, func(e features.Entity) bool { return e.Name == entity })
	switch {
	case i < 0 && value == nil:
		return "", nil
	case i < 0:
		return "", refuse(BadID, "%s: given, and the view %s is about [%s]", entity, v.Name, strings.Join(v.Entities, ", "))
	case value == nil:
		return "", refuse(BadID, "%s: missing, and the view %s is about [%s]", entity, v.Name, strings.Join(v.Entities, ", "))
	}
	var id string
	switch {
	case value[0] == '"':
		id = string(unquote(value))
	case isInteger(value):
		id = string(value)
	default:
		return "", refuse(BadID, "%s: must be a string or an integer, not %s", entity, describe(value))
	}
	if err := v.entities[i].CheckID(id); err != nil {
		return "", refuse(BadID, "%v", err)
	}
	return id, nil
}

// isInteger reports whether a value is a number that has one decimal form: 1.0,
// 1e3 and -0 have several.
func isInteger(value []byte) bool {
	digits := strings.TrimPrefix(string(value), "-")
	return strings.Trim(digits, "0123456789") == "" && (digits != "0" || value[0] == '0')
}

// row reads the columns of an event; those that it does not name are null.
func (d *Decoder) row(v *view, columns []byte) (features.Row, *EventError) {
	switch {
	case columns == nil:
		return features.Row{}, refuse(Malformed, "columns: missing")
	case columns[0] != '{':
		return features.Row{}, refuse(Malformed, "columns: must be an object, not %s", describe(columns))
	}
	row := v.layout.NewRow()
	d.seen = d.seen[:len(v.Columns)]
	clear(d.seen)
	for key, value := range members(columns) {
		name := unquote(key)
		cell, ok := v.columns[string(name)]
		if !ok {
			return row, refuse(UnknownColumn, "columns.%s: there is no such column in %s; %s",
				clip(name), v.Name, hint(string(name), slices.Sorted(maps.Keys(v.columns))))
		}
		if d.seen[cell.Bit] {
			return row, refuse(Malformed, "columns.%s: given twice", name)
		}
		d.seen[cell.Bit] = true
		if problem := d.set(cell, &row, value); problem != features.Fits {
			return row, refuse(BadValue, "columns.%s: %s %s; the column is %s", name, describe(value), problem, typeName(cell))
		}
	}
	return row, nil
}

func (d *Decoder) set(cell *features.Cell, row *features.Row, value []byte) features.Problem {
	switch value[0] {
	case 'n':
		return features.Fits
	case 't', 'f':
		return cell.SetBool(row, value[0] == 't')
	case '"':
		return cell.SetString(row, string(unquote(value)))
	case '[':
		return d.setVector(cell, row, value)
	case '{':
		return wrongType(cell, row)
	default:
		return setNumber(cell, row, value)
	}
}

func setNumber(cell *features.Cell, row *features.Row, number []byte) features.Problem {
	if cell.Kind == features.IntCell {
		if n, err := strconv.ParseInt(string(number), 10, 64); err == nil {
			return cell.SetInt(row, n)
		}
	}
	return cell.SetFloat(row, parseNumber(number))
}

// setVector reads up to one number more than the column holds.
func (d *Decoder) setVector(cell *features.Cell, row *features.Row, list []byte) features.Problem {
	d.vector = d.vector[:0]
	for value := range elements(list) {
		if !isNumber(value) {
			return wrongType(cell, row)
		}
		if d.vector = append(d.vector, float32(parseNumber(value))); len(d.vector) > cell.N {
			break
		}
	}
	return cell.SetVector(row, d.vector)
}

// wrongType is the problem of a value that no column takes.
func wrongType(cell *features.Cell, row *features.Row) features.Problem {
	if cell.Length > 0 {
		return cell.SetString(row, "")
	}
	return cell.SetVector(row, nil)
}

func isNumber(value []byte) bool { return value[0] == '-' || value[0]-'0' <= 9 }

// parseNumber returns an infinity for a number beyond float64.
func parseNumber(number []byte) float64 {
	f, _ := strconv.ParseFloat(string(number), 64)
	return f
}

// typeName is the column's type as features.yaml writes it.
func typeName(cell *features.Cell) string {
	if cell.Length > 0 {
		return cell.Type.String() + "[" + strconv.Itoa(cell.Length) + "]"
	}
	return cell.Type.String()
}
