package rpc

import (
	"encoding/binary"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// feature takes an entry of a map of features and appends it to fields, those from from
// on being of the same map. like are the features of the item before, whose names are
// known to differ; alike says that the names so far are theirs, and the answer whether
// they still are.
func (d *decoder) feature(entry []byte, fields []rank.Field, from int, like []rank.Field, alike bool) ([]rank.Field, bool) {
	w := wire{rest: entry}
	var name, value []byte
	for w.next() {
		switch {
		case w.is(1, protowire.BytesType):
			name = w.Bytes
		case w.is(2, protowire.BytesType):
			value = w.Bytes
		}
	}
	n := len(fields) - from
	switch {
	case w.broken:
		d.fail("malformed protobuf")
	case len(name) == 0:
		d.fail("a feature without a name")
	case n == d.limits.Features:
		d.blame(rank.TooLarge, "more than %d features (limits.features)", d.limits.Features)
	}
	d.at.feature = name
	known := d.valid(name)
	if d.bad == nil && (!alike || n >= len(like) || like[n].Name != known) {
		if !d.names.Differ(known, fields[from:], alike) { // slow path
			d.fail("given twice")
		}
		alike = false
	}
	fields = append(fields, rank.Field{Name: known})
	d.value(value, &fields[len(fields)-1].Value)
	d.at.feature = nil
	return fields, alike
}

// value takes a Value.
func (d *decoder) value(message []byte, v *rank.Value) {
	w := wire{rest: message}
	for d.bad == nil && w.next() {
		switch {
		case w.is(1, protowire.VarintType):
			*v = rank.Value{Kind: rank.Bool, Int: int64(protowire.EncodeBool(w.Bits != 0))}
		case w.is(2, protowire.VarintType):
			*v = rank.Value{Kind: rank.Int, Int: int64(w.Bits), Float: float64(int64(w.Bits))}
		case w.is(3, protowire.Fixed64Type):
			*v = rank.Value{Kind: rank.Float, Float: math.Float64frombits(w.Bits)}
			d.finite(v.Float)
		case w.is(4, protowire.BytesType):
			*v = rank.Value{Kind: rank.String, Str: d.valid(w.Bytes)}
		case w.is(5, protowire.BytesType):
			from := int32(len(d.req.Floats))
			d.floats(w.Bytes)
			*v = rank.Value{Kind: rank.Vector, From: from, To: int32(len(d.req.Floats))}
		}
	}
	if w.broken {
		d.fail("malformed protobuf")
	}
}

// floats takes a Floats, packed or not.
func (d *decoder) floats(message []byte) {
	w, from := wire{rest: message}, len(d.req.Floats)
	for w.next() {
		switch {
		case w.Number != 1:
		case w.Type == protowire.Fixed32Type:
			d.req.Floats = append(d.req.Floats, math.Float32frombits(uint32(w.Bits)))
		case w.Type == protowire.BytesType && len(w.Bytes)%4 == 0:
			for b := w.Bytes; len(b) > 0; b = b[4:] {
				d.req.Floats = append(d.req.Floats, math.Float32frombits(binary.LittleEndian.Uint32(b)))
			}
		default:
			w.broken = true
		}
	}
	if w.broken {
		d.fail("malformed protobuf")
	}
	for i, f := range d.req.Floats[from:] {
		if f-f != 0 {
			d.at.element = i
			d.finite(float64(f))
		}
	}
	d.at.element = -1
}

// finite refuses what JSON has no number for.
func (d *decoder) finite(f float64) {
	if f-f != 0 {
		d.fail("%v: must be a finite number", f)
	}
}

// budget takes budget_ms; 0 says nothing.
func (d *decoder) budget(bits uint64) time.Duration {
	ms := math.Float64frombits(bits)
	if ms == 0 {
		return 0
	}
	asked, ok := edge.Millis(ms)
	if !ok {
		d.at.field = "budget_ms"
		d.fail("%v: must be above 0, in milliseconds", ms)
	}
	return asked
}
