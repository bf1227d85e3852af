package feast

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// Fields of feast.types.Value, of which a message holds one.
const (
	bytesVal             = 1
	stringVal            = 2
	int32Val             = 3
	int64Val             = 4
	doubleVal            = 5
	floatVal             = 6
	boolVal              = 7
	unixTimestampVal     = 8
	bytesListVal         = 11
	stringListVal        = 12
	int32ListVal         = 13
	int64ListVal         = 14
	doubleListVal        = 15
	floatListVal         = 16
	boolListVal          = 17
	unixTimestampListVal = 18
	nullVal              = 19
)

// valueKind says how a field of feast.types.Value is written.
type valueKind struct {
	wire wireKind
	name string
}

var valueKinds = [...]valueKind{
	bytesVal:             {delimited, "bytes"},
	stringVal:            {delimited, "string"},
	int32Val:             {varint, "int32"},
	int64Val:             {varint, "int64"},
	doubleVal:            {fixed64, "double"},
	floatVal:             {fixed32, "float"},
	boolVal:              {varint, "bool"},
	unixTimestampVal:     {varint, "unix_timestamp"},
	bytesListVal:         {delimited, "bytes_list"},
	stringListVal:        {delimited, "string_list"},
	int32ListVal:         {delimited, "int32_list"},
	int64ListVal:         {delimited, "int64_list"},
	doubleListVal:        {delimited, "double_list"},
	floatListVal:         {delimited, "float_list"},
	boolListVal:          {delimited, "bool_list"},
	unixTimestampListVal: {delimited, "unix_timestamp_list"},
	nullVal:              {varint, "null"},
}

// kindOf returns the kind of a field, one without a name for a type that no
// column can be.
func kindOf(number int) valueKind {
	if number < 0 || number >= len(valueKinds) {
		return valueKind{}
	}
	return valueKinds[number]
}

// DecodeField stores one value of a hash in its cell of a row that is being
// made. An empty value, a null and a number that is not finite leave the cell
// null, and so does an error; a null cell may hold anything until
// features.Layout.Finish. A number of another type than the column's is
// converted if it survives. Strings are copied out of value.
func (v *View) DecodeField(column int, value string, row *features.Row) error {
	if value == "" {
		return nil
	}
	c := &v.layout.Cells[column]
	m := message{rest: value}
	var f wireField
	for m.next(&f) { // of several values the last one counts
	}
	kind := kindOf(f.number)
	if m.broken || kind.name != "" && kind.wire != f.kind {
		return &ValueError{cell: c, why: "is no feast.types.Value"}
	}
	if why := setValue(c, row, &f); why != "" {
		return &ValueError{cell: c, number: f.number, bits: f.bits, why: why}
	}
	return nil
}

const anotherType = "is of another type"

// setValue says why the value does not fit, "" if it does.
func setValue(c *features.Cell, row *features.Row, f *wireField) string {
	problem := features.Fits
	switch f.number {
	case floatVal:
		problem = c.SetFloat(row, float64(math.Float32frombits(uint32(f.bits))))
	case doubleVal:
		problem = c.SetFloat(row, math.Float64frombits(f.bits))
	case int64Val, unixTimestampVal:
		problem = c.SetInt(row, int64(f.bits))
	case int32Val:
		problem = c.SetInt(row, int64(int32(f.bits)))
	case boolVal:
		problem = c.SetBool(row, f.bits != 0)
	case stringVal:
		if c.Type != model.String {
			return anotherType
		}
		if !utf8.ValidString(f.bytes) {
			return "is not UTF-8"
		}
		problem = c.SetString(row, strings.Clone(f.bytes))
	case floatListVal, doubleListVal, int32ListVal, int64ListVal, unixTimestampListVal:
		return setList(c, row, f)
	case nullVal:
	default:
		return anotherType
	}
	if problem == features.Fits || problem == features.NotFinite {
		return ""
	}
	return problem.String()
}

// EncodeField appends a cell as a feast.types.Value of the column's own type;
// nothing if it is null.
func (v *View) EncodeField(dst []byte, column int, row *features.Row) []byte {
	c := &v.layout.Cells[column]
	switch {
	case row.Null(c.Bit):
		return dst
	case c.Length > 0:
		return appendFloats(dst, row.Floats[c.At:c.At+c.N])
	}
	switch c.Type {
	case model.Float64:
		return binary.LittleEndian.AppendUint64(appendTag(dst, doubleVal, fixed64), math.Float64bits(float64(row.Floats[c.At])))
	case model.Int64:
		return binary.AppendUvarint(appendTag(dst, int64Val, varint), uint64(row.Ints[c.At]))
	case model.Int32:
		return binary.AppendUvarint(appendTag(dst, int32Val, varint), uint64(row.Ints[c.At]))
	case model.Bool:
		return binary.AppendUvarint(appendTag(dst, boolVal, varint), uint64(row.Ints[c.At]))
	case model.String:
		s := row.Strings[c.At]
		return append(binary.AppendUvarint(appendTag(dst, stringVal, delimited), uint64(len(s))), s...)
	default:
		return binary.LittleEndian.AppendUint32(appendTag(dst, floatVal, fixed32), math.Float32bits(row.Floats[c.At]))
	}
}
