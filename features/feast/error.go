package feast

import (
	"fmt"
	"math"
	"strconv"

	"github.com/rankgate/rankgate/features"
)

// ValueError says that a value of a Feast store does not fit its column. It is
// put into words only when somebody reads it: a column that is declared with the
// wrong type makes one per row.
type ValueError struct {
	cell   *features.Cell
	number int    // field of feast.types.Value, 0 if there is none
	bits   uint64 // of a number
	why    string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("column %s: %s %s; the column is %s", e.cell.Name, e.value(), e.why, typeName(e.cell.Column))
}

func (e *ValueError) value() string {
	switch e.number {
	case 0:
		return "the value"
	case floatVal:
		return "float " + strconv.FormatFloat(float64(math.Float32frombits(uint32(e.bits))), 'g', -1, 32)
	case doubleVal:
		return "double " + strconv.FormatFloat(math.Float64frombits(e.bits), 'g', -1, 64)
	case int64Val, unixTimestampVal:
		return kindOf(e.number).name + " " + strconv.FormatInt(int64(e.bits), 10)
	case int32Val:
		return "int32 " + strconv.FormatInt(int64(int32(e.bits)), 10)
	}
	if name := kindOf(e.number).name; name != "" {
		return "the " + name
	}
	return fmt.Sprintf("field %d of feast.types.Value", e.number)
}

// typeName is a type as features.yaml writes it.
func typeName(c *features.Column) string {
	if c.Length > 0 {
		return fmt.Sprintf("%s[%d]", c.Type, c.Length)
	}
	return c.Type.String()
}
