package edge

import (
	"strconv"

	"github.com/rankgate/rankgate/rank"
)

// features takes an object of features and appends them to dst. like are the
// features of the item before, whose names are known to differ: callers send
// the same names in the same order for every item.
func (d *decoder) features(dst, like []rank.Field) []rank.Field {
	if d.Token() != '{' {
		d.wrongType("an object")
		return dst
	}
	d.Pos++
	from, alike := len(dst), true
	for first := true; d.More(first, '}'); first = false {
		name := d.Key()
		if name == "" {
			d.Fail("a feature without a name")
			break
		}
		n := len(dst) - from
		if n == d.limits.Features {
			d.blame(rank.TooLarge, "more than %d features (limits.features)", d.limits.Features)
			break
		}
		d.At.feature = name
		if !alike || n == len(like) || like[n].Name != name {
			if !d.names.Differ(name, dst[from:], alike) { // slow path
				d.Fail("given twice")
			}
			alike = false
		}
		dst = append(dst, rank.Field{Name: name})
		d.value(&dst[len(dst)-1].Value)
		d.At.feature = ""
	}
	return dst
}

// value takes the value of a feature.
func (d *decoder) value(v *rank.Value) {
	switch c := d.Token(); {
	case c == '"':
		v.Kind, v.Str = rank.String, d.Quoted()
	case c == '-', c-'0' <= 9:
		d.scalar(v)
	case c == 't', c == 'f':
		v.Kind = rank.Bool
		if d.bool() {
			v.Int = 1
		}
	case c == 'n':
		d.Literal("null")
	case c == '[':
		d.vector(v)
	default:
		d.wrongType("null, a bool, a number, a string or a list of numbers")
	}
}

func (d *decoder) scalar(v *rank.Value) {
	text, integer := d.Number()
	if integer && len(text) <= len("-9223372036854775808") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			v.Kind, v.Int, v.Float = rank.Int, n, float64(n)
			return
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		d.Fail("%s: outside the range of a 64-bit float", Brief(text))
	}
	v.Kind, v.Float = rank.Float, f
}

func (d *decoder) vector(v *rank.Value) {
	d.Pos++
	floats := d.req.Floats
	v.Kind, v.From = rank.Vector, int32(len(floats))
	for first := true; d.More(first, ']'); first = false {
		d.At.element = len(floats) - int(v.From)
		if c := d.Token(); c != '-' && c-'0' > 9 {
			d.wrongType("a number")
			break
		}
		text, _ := d.Number()
		f, err := strconv.ParseFloat(text, 32)
		if err != nil {
			d.Fail("%s: outside the range of a 32-bit float", Brief(text))
		}
		floats = append(floats, float32(f))
		d.At.element = -1
	}
	v.To, d.req.Floats = int32(len(floats)), floats
}
