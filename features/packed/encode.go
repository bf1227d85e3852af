package packed

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// Where a row holds what every row holds, as offsets in bytes. A script in the
// server reads them: of two rows of one schema whose event times are equal, the
// newer is the one whose created time (Schema.CreatedOffset) is later.
const (
	SchemaOffset = 1 // uint32, little-endian
	TimeOffset   = 5 // int64, little-endian, Unix milliseconds
)

// Version is the first byte of every row.
const Version = 1

// header is the length of what stands before the null bitmap.
const header = 13

// Encode appends the bytes of a row. Its ids do not count. It allocates nothing
// but what dst needs to grow.
func (v *View) Encode(dst []byte, rec *features.Record) []byte {
	s := &v.own.schema
	from := len(dst)
	dst = slices.Grow(dst, s.size)[:from+s.size]
	data := dst[from:]
	clear(data)
	data[0] = Version
	binary.LittleEndian.PutUint32(data[SchemaOffset:], s.id)
	binary.LittleEndian.PutUint64(data[TimeOffset:], uint64(rec.Row.Time))
	hidden := len(s.columns) - len(v.layout.Cells)
	if hidden > 0 {
		binary.LittleEndian.PutUint64(data[s.columns[0].at:], uint64(rec.Created))
		if rec.Created == 0 {
			data[header] |= 1
		}
	}
	for i := range v.layout.Cells {
		bit := hidden + i
		if rec.Row.Null(i) {
			data[header+bit>>3] |= 1 << (bit & 7)
		} else {
			put(data[s.columns[bit].at:], &v.layout.Cells[i], &rec.Row)
		}
	}
	for i := range v.own.texts {
		if c := v.own.texts[i].cell; !rec.Row.Null(c.Bit) {
			dst = append(dst, rec.Row.Strings[c.At]...)
		}
	}
	return dst
}

// put writes a cell that is not null into the fixed part.
func put(data []byte, c *features.Cell, row *features.Row) {
	switch c.Type {
	case model.Float32:
		for i, f := range row.Floats[c.At : c.At+c.N] {
			binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(f))
		}
	case model.Float64:
		binary.LittleEndian.PutUint64(data, math.Float64bits(float64(row.Floats[c.At])))
	case model.Int64:
		binary.LittleEndian.PutUint64(data, uint64(row.Ints[c.At]))
	case model.Int32:
		binary.LittleEndian.PutUint32(data, uint32(row.Ints[c.At]))
	case model.Bool:
		data[0] = byte(row.Ints[c.At])
	default:
		binary.LittleEndian.PutUint32(data, uint32(len(row.Strings[c.At])))
	}
}
