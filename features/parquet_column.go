package features

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetColumn walks one column of a Parquet file row by row.
type parquetColumn struct {
	name     string
	index    int  // of the leaf in the file
	repeated bool // a list: a row has any number of values
	kind     parquet.Kind
	unsigned bool
	unit     time.Duration // of a timestamp or date; 0 for a bare number

	scratch []byte // of the id returned last

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader // of page; nil before the first page and between two
	buffer [256]parquet.Value
	at, n  int // buffer[at:n] has not been taken yet

	// A number per row needs none of values, buffer and row.
	typed   bool
	numbers parquetNumbers // of page

	// row holds the values of the row reached, valid until next. A scalar is
	// one value. The bytes of a string belong to its page, which outlives the
	// row of a scalar column; lists are of numbers, which have no bytes.
	row []parquet.Value
}

// newParquetColumn finds the one leaf below field.
func newParquetColumn(schema *parquet.Schema, field parquet.Field) (*parquetColumn, error) {
	path := []string{field.Name()}
	for node := parquet.Node(field); !node.Leaf(); {
		children := node.Fields()
		if len(children) != 1 {
			return nil, errors.New("is a group; a view takes numbers, bools, strings and lists of numbers")
		}
		path = append(path, children[0].Name())
		node = children[0]
	}
	leaf, ok := schema.Lookup(path...)
	if !ok {
		return nil, errors.New("damaged file: the schema does not hold it")
	}
	if leaf.MaxRepetitionLevel > 1 || len(path) > 1 && leaf.MaxRepetitionLevel == 0 {
		return nil, errors.New("is nested; a view takes numbers, bools, strings and lists of numbers")
	}
	c := &parquetColumn{name: path[0], index: leaf.ColumnIndex, repeated: leaf.MaxRepetitionLevel == 1}
	err := c.describe(leaf.Node.Type())
	c.typed = !c.repeated && simple(c.kind)
	c.numbers = parquetNumbers{kind: c.kind, full: byte(leaf.MaxDefinitionLevel)}
	return c, err
}

// describe notes what the values mean, or refuses a type whose values would be
// read wrongly.
func (c *parquetColumn) describe(t parquet.Type) error {
	c.kind = t.Kind()
	if logical := t.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *format.TimestampType:
			c.unit = l.Unit.Value.Duration()
		case *format.DateType:
			c.unit = day
		case *format.IntType:
			c.unsigned = !l.IsSigned
		case *format.DecimalType, *format.TimeType, *format.UUIDType, *format.BsonType:
			return fmt.Errorf("its Parquet type %s is not supported; write it as a number or a string", logical)
		}
	}
	if c.kind == parquet.FixedLenByteArray || c.repeated && (c.kind == parquet.ByteArray || c.kind == parquet.Int96) {
		return fmt.Errorf("its Parquet type %s is not supported; write it as a number or a string", t)
	}
	return nil
}

func (c *parquetColumn) open(chunk parquet.ColumnChunk) {
	c.pages = chunk.Pages()
	c.at, c.n = 0, 0
}

func (c *parquetColumn) close() {
	c.release()
	if c.pages != nil {
		_ = c.pages.Close() // nothing was written
		c.pages = nil
	}
}

func (c *parquetColumn) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
	c.numbers.rows, c.numbers.row = 0, 0 // what they lie in is gone
}

// pass moves over n rows from the first on. A page of scalars starts with a row
// and need not be unpacked; one of lists may start in the middle of a list.
func (c *parquetColumn) pass(n int64) error {
	if !c.repeated && n > 0 {
		if err := c.pages.SeekToRow(n); err != nil {
			return fmt.Errorf("damaged file: %w", err)
		}
		return nil
	}
	for range n {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// next moves to the next row.
func (c *parquetColumn) next() error {
	if !c.typed {
		return c.gather()
	}
	if n := &c.numbers; n.row < n.rows {
		return n.next()
	}
	switch err := c.reach(); {
	case errors.Is(err, io.EOF):
		return errors.New("damaged file: fewer values than rows")
	case err != nil:
		return fmt.Errorf("damaged file: %w", err)
	default:
		return c.numbers.next()
	}
}

// reach gets a page in which there is a row that has not been taken yet, io.EOF
// after the last.
func (c *parquetColumn) reach() error {
	for c.numbers.row == c.numbers.rows {
		c.release()
		page, err := c.pages.ReadPage()
		if err != nil {
			return err
		}
		c.page = page
		if err := c.numbers.begin(page); err != nil {
			return err
		}
	}
	return nil
}

// ended reports whether all values have been taken.
func (c *parquetColumn) ended() bool {
	if c.typed {
		return errors.Is(c.reach(), io.EOF)
	}
	_, err := c.peek()
	return errors.Is(err, io.EOF)
}

// gather takes the values of the next row.
func (c *parquetColumn) gather() error {
	c.row = c.row[:0]
	for {
		v, err := c.peek()
		switch {
		case errors.Is(err, io.EOF) && len(c.row) > 0:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("damaged file: fewer values than rows")
		case err != nil:
			return fmt.Errorf("damaged file: %w", err)
		case len(c.row) > 0 && v.RepetitionLevel() == 0:
			return nil
		case len(c.row) == 0 && v.RepetitionLevel() != 0:
			return errors.New("damaged file: a list starts in its middle")
		case !v.IsNull() && v.Kind() != c.kind:
			return fmt.Errorf("damaged file: a %s among values of %s", v.Kind(), c.kind)
		case len(c.row) == MaxVector:
			return fmt.Errorf("a list of more than %d values", MaxVector)
		}
		c.row = append(c.row, v)
		c.at++
		if !c.repeated {
			return nil
		}
	}
}

// peek returns the next value without taking it, io.EOF after the last.
func (c *parquetColumn) peek() (parquet.Value, error) {
	for c.at == c.n {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, err
			}
			c.page, c.values = page, page.Values()
		}
		n, err := c.values.ReadValues(c.buffer[:])
		c.at, c.n = 0, n
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return parquet.Value{}, err
		case n == 0 && err == nil:
			return parquet.Value{}, io.ErrNoProgress
		case n == 0:
			c.release()
		}
	}
	return c.buffer[c.at], nil
}

// null reports whether the row has no value; an empty list is one.
func (c *parquetColumn) null() bool {
	if c.typed {
		return c.numbers.null
	}
	return len(c.row) == 1 && c.row[0].IsNull()
}

// scalar returns the row's value if it is no list.
func (c *parquetColumn) scalar() parquet.Value {
	if c.typed {
		return c.numbers.value()
	}
	return c.row[0]
}

// text is the row for an error message.
func (c *parquetColumn) text() string {
	if c.repeated {
		return fmt.Sprintf("a list of %d values", len(c.row))
	}
	v := c.scalar()
	if c.unsigned && v.Kind() == parquet.Int64 {
		return strconv.FormatUint(v.Uint64(), 10)
	}
	return clip(v.String())
}

// setNumber stores a number of a column that has one per row.
func (c *parquetColumn) setNumber(row *Row, cell *Cell) Problem {
	switch n := &c.numbers; n.kind {
	case parquet.Float:
		return cell.SetFloat(row, float64(n.floats[n.place]))
	case parquet.Double:
		return cell.SetFloat(row, n.doubles[n.place])
	default:
		i, p := c.int(n.value())
		if p != Fits {
			return p
		}
		return cell.SetInt(row, i)
	}
}

func (c *parquetColumn) int(v parquet.Value) (int64, Problem) {
	switch {
	case v.Kind() == parquet.Int32 && c.unsigned:
		return int64(v.Uint32()), Fits
	case v.Kind() == parquet.Int32:
		return int64(v.Int32()), Fits
	case v.Kind() == parquet.Int64 && c.unsigned && v.Int64() < 0:
		return 0, outOfRange
	case v.Kind() == parquet.Int64:
		return v.Int64(), Fits
	default:
		return 0, wrongKind
	}
}

// float takes a null, which stands inside a list here, as not finite.
func (c *parquetColumn) float(v parquet.Value) (float64, Problem) {
	switch {
	case v.IsNull():
		return 0, NotFinite
	case v.Kind() == parquet.Float:
		return float64(v.Float()), Fits
	case v.Kind() == parquet.Double:
		return v.Double(), Fits
	default:
		i, p := c.int(v)
		return float64(i), p
	}
}

// id returns the row as an id, which is valid until next.
func (c *parquetColumn) id() (string, error) {
	if c.repeated || c.null() {
		return "", errors.New("the id is null or a list")
	}
	v := c.scalar()
	if v.Kind() == parquet.ByteArray {
		return borrow(v.ByteArray()), nil
	}
	i, p := c.int(v)
	if p != Fits {
		return "", fmt.Errorf("the id is a %s; it takes a string or an int64", c.kind)
	}
	c.scratch = strconv.AppendInt(c.scratch[:0], i, 10)
	return borrow(c.scratch), nil
}

// borrow returns b as a string that must not outlive it.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

const day = 24 * time.Hour

// millis returns the row as a time, 0 for a null or where there is no column.
func (c *parquetColumn) millis() (int64, error) {
	if c == nil {
		return 0, nil
	}
	at, err := c.parseMillis()
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", c.name, err)
	}
	return at, nil
}

func (c *parquetColumn) parseMillis() (int64, error) {
	if c.repeated {
		return 0, errTime
	}
	if c.null() {
		return 0, nil
	}
	v := c.scalar()
	switch v.Kind() {
	case parquet.ByteArray:
		return ParseTime(string(v.ByteArray()))
	case parquet.Int96:
		return known(julianMillis(v.Bytes())), nil
	case parquet.Float, parquet.Double:
		f, _ := c.float(v)
		if math.IsNaN(f) {
			return 0, nil
		}
		if math.Abs(f) >= 1e11 {
			return 0, fmt.Errorf("%v %w", f, errTime)
		}
		return known(int64(f * 1000)), nil
	}
	i, p := c.int(v)
	switch {
	case p != Fits:
		return 0, errTime
	case c.unit == day:
		return known(i * day.Milliseconds()), nil
	case c.unit == 0:
		return epochMillis(i), nil
	default:
		return known(i / int64(time.Millisecond/c.unit)), nil
	}
}

// julianMillis reads the old 12-byte timestamp: nanoseconds of the day, then
// the Julian day.
func julianMillis(b []byte) int64 {
	const julianEpoch = 2440588
	nanos := int64(binary.LittleEndian.Uint64(b))
	days := int64(binary.LittleEndian.Uint32(b[8:])) - julianEpoch
	return days*day.Milliseconds() + nanos/int64(time.Millisecond)
}
