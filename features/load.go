package features

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Load reads every view's source below dir, builds a snapshot and swaps it in.
// If anything fails the old snapshot stays. The error joins the first mistake of
// each source, with its file, line or row, and column; what is wrong with
// features.yaml itself is a rank.FieldError.
func (m *Memory) Load(ctx context.Context, dir string) error {
	b := NewBuilder(m.registry)
	var mistakes []error
	for _, t := range b.tables {
		mistakes = append(mistakes, t.load(ctx, dir))
	}
	if err := cmp.Or(ctx.Err(), errors.Join(mistakes...)); err != nil {
		return err
	}
	m.Swap(b)
	return nil
}

// checkEvery is how many rows are read between two looks at the context.
const checkEvery = 4096

func (t *tableBuilder) load(ctx context.Context, dir string) error {
	field := func(name, message string) error {
		return rank.FieldError{Path: "views." + t.view.Name + "." + name, Message: message}
	}
	switch {
	case t.view.Source == "":
		return field("source", "missing: the embedded store needs a .parquet or .csv file, or a directory of them")
	case t.view.TTL > 0 && t.view.EventTime == "":
		return field("ttl", "without event_time the rows of a file have no age; name the column that says when each was true")
	case t.view.MaxStale > 0 && t.view.TTL == 0:
		return field("max_stale", t.view.MaxStale.String()+" has no effect without a ttl, because a row without ttl is never stale")
	}
	files, err := SourceFiles(filepath.Join(dir, t.view.Source))
	if err != nil {
		return field("source", err.Error())
	}
	for _, path := range files {
		if err := t.readFile(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads one file from its first row on.
func (t *tableBuilder) readFile(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	t.read, t.size = 0, info.Size()
	if sourceFormat(path) == parquetFormat {
		err = t.loadParquet(ctx, f, t.size)
	} else {
		err = t.loadCSV(ctx, f)
	}
	if err != nil {
		return fmt.Errorf("%s%w", path, err) // a reader's error starts with the place in the file
	}
	return nil
}

// took counts a row of the source that has been read.
func (t *tableBuilder) took() error {
	t.read++
	if t.full != nil {
		return t.full()
	}
	return nil
}

// wanted lists the columns of the source that the view needs: its entities,
// its times if it has any, its columns.
func (t *tableBuilder) wanted() []string {
	names := append([]string{}, t.view.Entities...)
	for _, name := range []string{t.view.EventTime, t.view.CreatedTime} {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, c := range t.view.Columns {
		names = append(names, c.Name)
	}
	return names
}

// missingColumn is the error for a source without one of the wanted columns.
func missingColumn(name string, there []string) error {
	return fmt.Errorf(": there is no column %q%s; the file has %s", name, suggest(name, there), clip(strings.Join(there, ", ")))
}

// epochMillis reads a bare number as a time since 1970. The unit follows from
// its size: seconds below 10¹¹ (the year 5138), else milliseconds below 10¹⁴,
// microseconds below 10¹⁷, else nanoseconds.
func epochMillis(v int64) int64 {
	switch size := math.Abs(float64(v)); {
	case size < 1e11:
		return known(v * 1000)
	case size < 1e14:
		return known(v)
	case size < 1e17:
		return known(v / 1000)
	default:
		return known(v / 1000_000)
	}
}

// timeLayouts are the written forms of an event time. Those without a zone are
// in UTC.
var timeLayouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", time.DateTime, time.DateOnly}

var errTime = errors.New("is not a time; it takes RFC 3339, 2006-01-02 15:04:05 or a number since 1970")

// ParseTime reads an event time as written in a CSV file, a string column or an
// event, as Unix milliseconds: RFC 3339, "2006-01-02 15:04:05" and the like, in UTC
// where they name no zone, or a number since 1970, whose unit follows from its
// size. It is 0 for an empty text, and for no other: the epoch itself becomes 1.
func ParseTime(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	if v, p := parseInt(s); p == Fits {
		return epochMillis(v), nil
	}
	if v, p := parseFloat(s); p == Fits && math.Abs(v) < 1e11 {
		return known(int64(v * 1000)), nil
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, s); err == nil {
			return known(at.UnixMilli()), nil
		}
	}
	return 0, fmt.Errorf("%q %w", clip(s), errTime)
}
