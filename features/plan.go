package features

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rankgate/rankgate/model"
)

// Plan says how the inputs of one model version are filled: which views to look
// up, and which stretch of which row goes where. It is compiled once and
// immutable but for its Stats, so any number of requests share it.
type Plan struct {
	views   []planView // those of the store first
	stored  int        // how many of views are the store's
	context int        // in views; -1 if the model reads no context
	request int        // in views; -1 if the model reads nothing of the items' own
	feeds   []feed     // by Signature.Inputs
	apart   []feed     // by those of the signature of the graph taken apart; nil if it is not
	columns []reading  // distinct, in the order of the signature: what Explain tells
	stats   Stats
}

// planView is one view as a model reads it.
type planView struct {
	name      string
	index     int     // in Registry.Views; -1 for what came with the request
	key       viewKey // noKey for what came with the request
	single    bool    // one row for all candidates
	layout    *Layout
	names     fieldNames // what came with the request: which field feeds which cell
	constants Row        // stands in for a row when the store gives no Default
	read      []uint64   // the columns that the model reads, as bits of Row.Nulls
	required  []uint64   // those among them that are required; nil if none is
	ttl       int64      // milliseconds; 0: rows never grow old
	maxStale  int64      // milliseconds beyond ttl
}

// feed is one input of the graph.
type feed struct {
	into     model.Type
	rowIndex bool
	single   bool // once per request
	part     bool // what is computed of a row of the one view that the segments are of
	segments []segment
}

// segment is a run of elements that lie together in a row and in the input.
type segment struct {
	view    int
	kind    segmentKind
	from, n int // in the row's slice of that kind; for a flag, from is the bit
	to      int // in the input's row
}

type segmentKind uint8

const (
	floats segmentKind = iota
	ints
	strs
	flags // missing(column)
)

// reading is a column that the model reads.
type reading struct {
	model.Column
	view int
	cell *Cell
}

// Compile makes the plan of a model with the given signature.
func Compile(reg *Registry, sig *model.Signature) (*Plan, error) { return CompileApart(reg, sig, nil) }

// CompileApart makes the plan of a model with the signature sig, some of whose passes may
// be of its graph taken apart. Those are fed by the signature apart, which reads the same
// columns; it is nil if there are none.
func CompileApart(reg *Registry, sig, apart *model.Signature) (*Plan, error) {
	c := compiler{reg: reg, widths: Widths(reg), plan: &Plan{context: -1, request: -1}}
	for i := range sig.Inputs {
		for _, column := range sig.Inputs[i].Columns {
			c.collect(&sig.Inputs[i], column)
		}
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.arrange()
	c.plan.feeds = c.feeds(sig)
	if apart != nil {
		c.plan.apart = c.feeds(apart)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.plan.stats.Views = make([]ViewStats, len(c.plan.views))
	for i := range c.plan.views {
		c.plan.stats.Views[i].View = c.plan.views[i].name
	}
	return c.plan, nil
}

// compiler first collects what is read, so that what comes with the request
// can be laid out in the order in which it is read, then places it.
type compiler struct {
	reg    *Registry
	widths model.Widths
	plan   *Plan
	stored []string            // names of the store's views that are read
	own    map[string][]Column // by "context" and "request": the columns that are read
	errs   []error
}

func (c *compiler) fail(in *model.Feed, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("inputs.%s: "+format, append([]any{in.Name}, args...)...))
}

func (c *compiler) collect(in *model.Feed, column model.Column) {
	if _, err := c.widths(column, in.Type); err != nil {
		c.fail(in, "%w", err)
		return
	}
	if column.View != model.RequestView && column.View != model.ContextView {
		i, _ := c.reg.view(column.View)
		if in.PerRequest && keyOf(c.reg.Views[i].Entities) != userKey {
			c.fail(in, "%s differs from candidate to candidate, but the input is per: request", column)
		}
		if !slices.Contains(c.stored, column.View) {
			c.stored = append(c.stored, column.View)
		}
		return
	}
	if in.PerRequest && column.View == model.RequestView {
		c.fail(in, "%s is sent per candidate, but the input is per: request", column)
	}
	if c.own == nil {
		c.own = map[string][]Column{}
	}
	known := func(own Column) bool { return own.Name == column.Name }
	if !slices.ContainsFunc(c.own[column.View], known) {
		declared, _ := c.reg.column(column)
		c.own[column.View] = append(c.own[column.View], *declared)
	}
}

// arrange lays out the views.
func (c *compiler) arrange() {
	p := c.plan
	for _, name := range c.stored {
		i, _ := c.reg.view(name)
		v := &c.reg.Views[i]
		p.views = append(p.views, planView{
			name: name, index: i, key: keyOf(v.Entities), single: keyOf(v.Entities) == userKey, layout: LayoutOf(v.Columns),
			ttl: ageMillis(v.TTL), maxStale: v.MaxStale.Milliseconds(),
		})
	}
	p.stored = len(p.views)
	for _, name := range []string{model.ContextView, model.RequestView} {
		columns := c.own[name]
		if len(columns) == 0 {
			continue
		}
		if name == model.ContextView {
			p.context = len(p.views)
		} else {
			p.request = len(p.views)
		}
		p.views = append(p.views, planView{
			name: name, index: -1, single: name == model.ContextView,
			layout: LayoutOf(columns), names: namesOf(columns),
		})
	}
	for i := range p.views {
		v := &p.views[i]
		v.constants = v.layout.constants()
		v.read = make([]uint64, v.layout.words)
	}
}

func (c *compiler) feeds(sig *model.Signature) []feed {
	feeds := make([]feed, len(sig.Inputs))
	for i := range sig.Inputs {
		feeds[i] = c.feed(&sig.Inputs[i])
	}
	return feeds
}

func (c *compiler) feed(in *model.Feed) feed {
	f := feed{into: in.Type, rowIndex: in.RowIndex, single: in.PerRequest, part: in.Elements > 0}
	width, want := 0, in.Width
	for _, column := range in.Columns {
		r := c.read(column)
		s := segment{view: r.view, to: width, n: 1}
		switch {
		case column.Missing:
			s.kind, s.from = flags, r.cell.Bit
		case r.cell.Kind == StringCell && in.Type == model.String:
			s.kind, s.from = strs, r.cell.At
		case r.cell.Kind == StringCell:
			s.kind, s.from = ints, r.cell.code
		case r.cell.Kind == IntCell:
			s.kind, s.from = ints, r.cell.At
		default:
			s.kind, s.from, s.n = floats, r.cell.At, r.cell.N
		}
		width += s.n
		f.segments = appendSegment(f.segments, s)
	}
	switch {
	case in.RowIndex:
		width = 1
	case f.part:
		if want = in.Elements; !c.plan.ofOneItem(f.segments) {
			c.fail(in, "BUG: what is computed of a row must read one view of items")
		}
	}
	if width != want {
		c.fail(in, "its columns are %d wide by this registry, and %d by the signature; resolve it against the same features.yaml",
			width, want)
	}
	return f
}

// ofOneItem reports whether segments read one view alone, of the items.
func (p *Plan) ofOneItem(segments []segment) bool {
	elsewhere := func(s segment) bool { return s.view != segments[0].view }
	return len(segments) > 0 && !slices.ContainsFunc(segments, elsewhere) && p.views[segments[0].view].key == itemKey
}

// appendSegment joins s to the segment before it where both are one run.
func appendSegment(segments []segment, s segment) []segment {
	if n := len(segments); n > 0 && s.kind != flags {
		last := &segments[n-1]
		if last.view == s.view && last.kind == s.kind && last.from+last.n == s.from {
			last.n += s.n
			return segments
		}
	}
	return append(segments, s)
}

// read notes that the model reads column and returns where it is.
func (c *compiler) read(column model.Column) reading {
	p := c.plan
	view := slices.IndexFunc(p.views, func(v planView) bool { return v.name == column.View })
	v := &p.views[view]
	i := slices.IndexFunc(v.layout.Cells, func(cell Cell) bool { return cell.Name == column.Name })
	r := reading{Column: column, view: view, cell: &v.layout.Cells[i]}
	v.read[i>>6] |= 1 << (i & 63)
	if r.cell.Required {
		if v.required == nil {
			v.required = make([]uint64, v.layout.words)
		}
		v.required[i>>6] |= 1 << (i & 63)
	}
	if !slices.ContainsFunc(p.columns, func(other reading) bool { return other.Column == column }) {
		p.columns = append(p.columns, r)
	}
	return r
}

// ReadsItemFields reports whether the model reads features that come with the
// items of a request.
func (p *Plan) ReadsItemFields() bool { return p.request >= 0 }

// Reads tells whose stored features the model reads.
func (p *Plan) Reads() (user, items, pairs bool) {
	for i := range p.views[:p.stored] {
		user = user || p.views[i].key == userKey
		items = items || p.views[i].key == itemKey
		pairs = pairs || p.views[i].key == pairKey
	}
	return user, items, pairs
}

// Stats counts what the plan's fetches found.
func (p *Plan) Stats() *Stats { return &p.stats }

// ageMillis is a ttl in milliseconds, at least one if there is a ttl at all.
func ageMillis(ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	return max(ttl.Milliseconds(), 1)
}
