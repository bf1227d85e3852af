package packed

import (
	"fmt"
	"math"
	"strconv"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// UnknownSchemaError says that a row has a schema that was never Learnt.
type UnknownSchemaError struct {
	View string // its name in features.yaml
	ID   uint32
}

func (e *UnknownSchemaError) Error() string {
	return fmt.Sprintf("view %s: the schema %08x of a row is not known", e.View, e.ID)
}

// The errors of a row are put into words only when somebody reads them: a broken
// writer makes one per row.

type versionError struct {
	view  string
	found byte
}

func (e *versionError) Error() string {
	return fmt.Sprintf("view %s: a row has version %d of the packed layout; known is %d", e.view, e.found, Version)
}

// sizeError says that a row is shorter or longer than its own bytes say.
type sizeError struct {
	view   string
	schema uint32
	size   int
	want   uint64
}

func (e *sizeError) Error() string {
	if e.size < header {
		return fmt.Sprintf("view %s: a row is %d bytes long, and its header alone would be %d", e.view, e.size, header)
	}
	return fmt.Sprintf("view %s: a row of schema %08x is %d bytes long; its columns take %d", e.view, e.schema, e.size, e.want)
}

// valueError says that a value does not fit its column. An int32 fits all that it
// can become.
type valueError struct {
	view string
	cell *features.Cell
	typ  model.Type
	bits uint64
	why  string
}

func (e *valueError) Error() string {
	return fmt.Sprintf("view %s: column %s: %s %s %s; the column is %s", e.view, e.cell.Name, e.typ, e.value(), e.why, e.cell.Type)
}

func (e *valueError) value() string {
	switch e.typ {
	case model.Float32:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(e.bits))), 'g', -1, 32)
	case model.Float64:
		return strconv.FormatFloat(math.Float64frombits(e.bits), 'g', -1, 64)
	default:
		return strconv.FormatInt(int64(e.bits), 10)
	}
}
