package features

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/model"
)

// csvSource reads a CSV file with a header. An empty field is a null. A vector
// is its numbers separated by spaces or commas, in brackets or not: "[1, 2]",
// "1 2" and "[1. 2.]" are alike. A bool is true, false, t, f, 1 or 0; a whole
// number may be written as 3.0, as it is by tools that keep nulls in floats.
type csvSource struct {
	table  *tableBuilder
	reader *csv.Reader
	ids    []int // field of each entity
	time   timeFields
	cells  []int // field of each column
	vector []float32
}

// timeFields are the fields of the event time and of the created time, -1 where
// there is none.
type timeFields struct{ event, created int }

func (t *tableBuilder) loadCSV(ctx context.Context, r io.Reader) error {
	s := &csvSource{table: t, reader: csv.NewReader(withoutMark(r)), time: timeFields{-1, -1}}
	s.reader.ReuseRecord = true
	t.done = s.reader.InputOffset
	if err := s.header(); err != nil {
		return err
	}
	for n := 1; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return fmt.Errorf(": %w", ctx.Err())
		}
		record, err := s.reader.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		if t.read < t.skip {
			t.read++
			continue
		}
		if err := s.row(record); err != nil {
			line, _ := s.reader.FieldPos(0)
			return fmt.Errorf(":%d: %w", line, err)
		}
		if err := t.took(); err != nil {
			return err
		}
	}
}

// withoutMark passes over a byte order mark, which stands before the quotes of a
// quoted name.
func withoutMark(r io.Reader) io.Reader {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" {
		_, _ = text.Discard(len(mark)) // they are there
	}
	return text
}

func (s *csvSource) header() error {
	names, err := s.reader.Read()
	if err == io.EOF {
		return errors.New(": empty; the first line must name the columns")
	}
	if err != nil {
		return csvError(err)
	}
	names = slices.Clone(names)
	for _, name := range s.table.wanted() {
		i := slices.Index(names, name)
		if i < 0 {
			return missingColumn(name, names)
		}
		if slices.Contains(names[i+1:], name) {
			return fmt.Errorf(":1: there are two columns %q", name)
		}
	}
	view := s.table.view
	for _, name := range view.Entities {
		s.ids = append(s.ids, slices.Index(names, name))
	}
	if view.EventTime != "" {
		s.time.event = slices.Index(names, view.EventTime)
	}
	if view.CreatedTime != "" {
		s.time.created = slices.Index(names, view.CreatedTime)
	}
	for _, c := range view.Columns {
		s.cells = append(s.cells, slices.Index(names, c.Name))
	}
	return nil
}

func (s *csvSource) row(record []string) error {
	t := s.table
	row := t.begin()
	for i, field := range s.ids {
		if err := t.setID(i, record[field]); err != nil {
			return err
		}
	}
	for i, field := range s.cells {
		c := &t.layout.Cells[i]
		if record[field] == "" {
			continue
		}
		if err := t.accept(c, s.parse(&row, c, record[field]), record[field]); err != nil {
			return err
		}
	}
	at, err := parseField(record, s.time.event, t.view.EventTime)
	if err != nil {
		return err
	}
	created, err := parseField(record, s.time.created, t.view.CreatedTime)
	if err != nil {
		return err
	}
	t.commit(at, created)
	return nil
}

// parseField reads a field of the record as a time; there is none if the field
// is -1.
func parseField(record []string, field int, name string) (int64, error) {
	if field < 0 {
		return 0, nil
	}
	at, err := ParseTime(record[field])
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", name, err)
	}
	return at, nil
}

func (s *csvSource) parse(row *Row, c *Cell, text string) Problem {
	switch {
	case c.Length > 0:
		p := s.parseVector(text, c.Length)
		if p != Fits {
			return p
		}
		return c.SetVector(row, s.vector)
	case c.Type == model.String:
		return c.SetString(row, s.table.builder.intern(text))
	case c.Type == model.Bool:
		v, err := strconv.ParseBool(strings.TrimSpace(text))
		if err != nil {
			return wrongKind
		}
		return c.SetBool(row, v)
	case c.Kind == IntCell:
		if v, p := parseInt(text); p == Fits {
			return c.SetInt(row, v)
		}
	}
	v, p := parseFloat(text)
	if p != Fits {
		return p
	}
	return c.SetFloat(row, v)
}

// parseVector reads up to one number more than wanted into s.vector.
func (s *csvSource) parseVector(text string, wanted int) Problem {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if text, ok = strings.CutSuffix(inner, "]"); !ok {
			return wrongKind
		}
	}
	s.vector = s.vector[:0]
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) }) {
		v, p := parseFloat(part)
		if p == wrongKind {
			return p
		}
		if s.vector = append(s.vector, float32(v)); len(s.vector) > wanted {
			return wrongLength
		}
	}
	return Fits
}

func parseInt(s string) (int64, Problem) {
	v, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0, wrongKind
	}
	return v, Fits
}

// parseFloat returns an infinity for a number beyond float64.
func parseFloat(s string) (float64, Problem) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && math.IsInf(v, 0), err == nil:
		return v, Fits
	default:
		return 0, wrongKind
	}
}

// csvError puts the line of a syntax error first.
func csvError(err error) error {
	if syntax, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf(":%d: %w", syntax.Line, syntax.Err)
	}
	return fmt.Errorf(": %w", err)
}
