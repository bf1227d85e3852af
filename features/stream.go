package features

import (
	"context"
	"strings"
)

// Batch is a run of rows of a source, in which each entity is there once, with
// its latest row by event time, then created time, then order of arrival. It
// belongs to whoever it was handed to.
type Batch struct {
	Records   []Record
	Read      int64 // rows of the file read with the end of this batch, those passed over included
	Bytes     int64 // of the file read with it, about
	NonFinite int   // cells that were NaN or infinite and count as null
}

// StreamOptions say how a file is cut into batches.
type StreamOptions struct {
	Rows int   // of the source per batch; 0 means 10,000. A batch of large rows ends sooner, at 32 MiB
	Skip int64 // rows of the file to pass over; whole row groups of a Parquet file cost nothing
}

const (
	defaultBatch  = 10_000
	maxBatchBytes = 32 << 20
)

// Stream reads one file of a view, as Memory.Load would, in memory that does not
// grow with the file, and hands over a batch after the other. It ends with the
// first error: its own, which names the place in the file, or emit's as it is.
func Stream(ctx context.Context, reg *Registry, view *View, path string, opt StreamOptions, emit func(Batch) error) error {
	if opt.Rows <= 0 {
		opt.Rows = defaultBatch
	}
	b := &Builder{registry: reg, users: newDictionary(), items: newDictionary(), interned: map[string]string{}}
	t := newTableBuilder(b, view)
	t.skip = opt.Skip
	s := &stream{table: t, emit: emit, from: opt.Skip}
	t.full = func() error {
		if t.read-s.from < int64(opt.Rows) && t.taken() < maxBatchBytes {
			return nil
		}
		return s.flush()
	}
	err := t.readFile(ctx, path)
	if err == nil && t.read > s.from {
		err = s.flush()
	}
	if s.refused != nil {
		return s.refused
	}
	return err
}

// stream is a file on its way to emit.
type stream struct {
	table   *tableBuilder
	emit    func(Batch) error
	from    int64 // row of the file with which the batch starts
	refused error // what emit said
}

// flush hands over what has been gathered.
func (s *stream) flush() error {
	t := s.table
	s.from = t.read
	s.refused = s.emit(Batch{Records: t.records(), Read: t.read, Bytes: min(t.done(), t.size), NonFinite: t.nonFinite})
	t.reset()
	return s.refused
}

// records returns the rows gathered, with their ids and times.
func (t *tableBuilder) records() []Record {
	users, items := t.builder.users.ids(), t.builder.items.ids()
	out := make([]Record, len(t.keys))
	for i, key := range t.keys {
		out[i] = Record{User: users[key>>32], Item: items[uint32(key)], Row: t.row(i)}
		out[i].Row.Time = t.times[i]
		if len(t.created) > 0 {
			out[i].Created = t.created[i]
		}
	}
	return out
}

// taken is about the bytes that the rows gathered take.
func (t *tableBuilder) taken() int {
	l := t.layout
	return len(t.keys)*(4*l.floats+8*l.ints+16*l.strings+8*l.words) + t.builder.bytes
}

// reset forgets what was gathered. Its memory belongs to a batch now, so the
// next one gets memory of its own, of the same size.
func (t *tableBuilder) reset() {
	t.floats, t.ints = make([]float32, 0, len(t.floats)), make([]int64, 0, len(t.ints))
	t.strings, t.nulls = make([]string, 0, len(t.strings)), make([]uint64, 0, len(t.nulls))
	t.times, t.created, t.keys, t.nonFinite = t.times[:0], t.created[:0], t.keys[:0], 0
	clear(t.rowOf)
	t.builder.users.reset()
	t.builder.items.reset()
	clear(t.builder.interned)
	t.builder.bytes = 0
}

// ids returns the ids by their numbers.
func (d *dictionary) ids() []string { return d.names }

// reset forgets every id. Those handed out stay as they are.
func (d *dictionary) reset() {
	clear(d.slots)
	d.names = make([]string, 1, len(d.names))
	d.arena = strings.Builder{}
}
