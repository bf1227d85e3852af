package features

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetSource reads the wanted columns of one row group side by side, a row
// at a time. Columns may be optional, lists hold vectors, and numbers may be
// wider or narrower than the view's own.
type parquetSource struct {
	table   *tableBuilder
	ids     []*parquetColumn
	time    *parquetColumn // of the event; nil if there is none
	created *parquetColumn // nil if there is none
	cells   []*parquetColumn
	vector  []float32
}

// loadParquet never panics: what the library throws at a damaged file, on this
// goroutine, becomes an error.
func (t *tableBuilder) loadParquet(ctx context.Context, f io.ReaderAt, size int64) (err error) {
	s := &parquetSource{table: t}
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf(": row %d: damaged file: %v", t.read+1, thrown)
		}
	}()
	file, err := openParquet(f, size)
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	if err := s.header(file.Schema()); err != nil {
		return err
	}
	t.done = func() int64 { return int64(float64(size) * float64(t.read) / float64(max(file.NumRows(), 1))) }
	for _, group := range file.RowGroups() {
		if n := group.NumRows(); n >= 0 && n <= t.skip-t.read {
			t.read += n
			continue
		}
		if err := s.group(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

func openParquet(f io.ReaderAt, size int64) (*parquet.File, error) {
	// The library allocates what the trailer claims before it reads.
	trailer := make([]byte, 8)
	if size < 12 {
		return nil, errors.New("too short for a Parquet file")
	}
	if _, err := f.ReadAt(trailer, size-8); err != nil {
		return nil, err
	}
	if footer := int64(binary.LittleEndian.Uint32(trailer)); footer > size-12 {
		return nil, fmt.Errorf("damaged file: a footer of %d bytes in a file of %d", footer, size)
	}
	file, err := parquet.OpenFile(f, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	return file, refuseLZ4(file)
}

// refuseLZ4 refuses a codec of which the library takes any error for a lack of
// room: on a damaged page it doubles its buffer for ever.
func refuseLZ4(file *parquet.File) error {
	for _, group := range file.Metadata().RowGroups {
		for _, c := range group.Columns {
			if c.MetaData.Codec == format.Lz4Raw {
				return errors.New("LZ4 compression is not supported; write the file with zstd, snappy, gzip or none")
			}
		}
	}
	return nil
}

func (s *parquetSource) header(schema *parquet.Schema) error {
	var names []string
	fields := map[string]parquet.Field{}
	for _, field := range schema.Fields() {
		names = append(names, field.Name())
		fields[field.Name()] = field
	}
	columns := map[string]*parquetColumn{}
	for _, name := range s.table.wanted() {
		field, ok := fields[name]
		if !ok {
			return missingColumn(name, names)
		}
		c, err := newParquetColumn(schema, field)
		if err != nil {
			return fmt.Errorf(": column %s: %w", name, err)
		}
		columns[name] = c
	}
	view := s.table.view
	for _, name := range view.Entities {
		s.ids = append(s.ids, columns[name])
	}
	// A time may be a feature as well, and both times the same; each reads for itself.
	own := func(name string) *parquetColumn {
		c := *columns[name]
		return &c
	}
	if view.EventTime != "" {
		s.time = own(view.EventTime)
	}
	if view.CreatedTime != "" {
		s.created = own(view.CreatedTime)
	}
	for i := range view.Columns {
		c := own(view.Columns[i].Name)
		if c.repeated && view.Columns[i].Length == 0 {
			return fmt.Errorf(": column %s is a list, and the view says %s", c.name, typeName(&view.Columns[i]))
		}
		s.cells = append(s.cells, c)
	}
	return nil
}

func (s *parquetSource) columns() []*parquetColumn {
	all := slices.Clone(s.ids)
	if s.time != nil {
		all = append(all, s.time)
	}
	if s.created != nil {
		all = append(all, s.created)
	}
	return append(all, s.cells...)
}

func (s *parquetSource) group(ctx context.Context, group parquet.RowGroup) error {
	chunks := group.ColumnChunks()
	all := s.columns()
	t := s.table
	passed := max(t.skip-t.read, 0)
	for _, c := range all {
		c.open(chunks[c.index])
		defer c.close()
		if err := c.pass(passed); err != nil {
			return fmt.Errorf(": row %d: column %s: %w", t.read+1, c.name, err)
		}
	}
	t.read += passed
	for range group.NumRows() - passed {
		if t.read%checkEvery == 0 && ctx.Err() != nil {
			return fmt.Errorf(": %w", ctx.Err())
		}
		for _, c := range all {
			if err := c.next(); err != nil {
				return fmt.Errorf(": row %d: column %s: %w", t.read+1, c.name, err)
			}
		}
		if err := s.row(); err != nil {
			return fmt.Errorf(": row %d: %w", t.read+1, err)
		}
		if err := t.took(); err != nil {
			return err
		}
	}
	for _, c := range all {
		if !c.ended() {
			return fmt.Errorf(": row %d: column %s: damaged file: more values than rows", t.read, c.name)
		}
	}
	return nil
}

func (s *parquetSource) row() error {
	t := s.table
	row := t.begin()
	for i, c := range s.ids {
		id, err := c.id()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := t.setID(i, id); err != nil {
			return err
		}
	}
	for i, c := range s.cells {
		cell := &t.layout.Cells[i]
		if c.null() {
			continue
		}
		if p := s.set(&row, cell, c); p != Fits {
			if err := t.accept(cell, p, c.text()); err != nil {
				return err
			}
		}
	}
	at, err := s.time.millis()
	if err != nil {
		return err
	}
	created, err := s.created.millis()
	if err != nil {
		return err
	}
	t.commit(at, created)
	return nil
}

func (s *parquetSource) set(row *Row, cell *Cell, c *parquetColumn) Problem {
	switch {
	case c.repeated:
		return s.setVector(row, cell, c)
	case c.typed:
		return c.setNumber(row, cell)
	}
	switch v := c.row[0]; v.Kind() {
	case parquet.Boolean:
		return cell.SetBool(row, v.Boolean())
	case parquet.ByteArray:
		return cell.SetString(row, s.table.builder.intern(borrow(v.ByteArray())))
	default:
		return wrongKind
	}
}

// setVector leaves a vector with a null in it null, as one with a NaN.
func (s *parquetSource) setVector(row *Row, cell *Cell, c *parquetColumn) Problem {
	if len(c.row) != cell.Length {
		return wrongLength
	}
	s.vector = s.vector[:0]
	for _, v := range c.row {
		f, p := c.float(v)
		if p != Fits {
			return p
		}
		s.vector = append(s.vector, float32(f))
	}
	return cell.SetVector(row, s.vector)
}
