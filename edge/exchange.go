package edge

import (
	"github.com/rankgate/rankgate/rank"
)

// exchange is all the memory of one request and its answer. It is pooled; a
// part that has grown beyond what most requests need is dropped first.
type exchange struct {
	req     rank.Request
	res     rank.Result
	decoder decoder

	intake        // whose bytes req's strings are views into
	line   []byte // one response header at a time
	out    []byte // the response's body
}

// What a pooled exchange keeps at most, in bytes and in elements.
const (
	keepBytes  = 256 << 10
	keepItems  = 8 << 10
	keepFields = 16 << 10
	keepFloats = 64 << 10
)

// reset makes x ready for the next request.
func (x *exchange) reset() {
	x.req.Reset()
	x.res.Resize(0)
	x.req.Items = keep(x.req.Items, keepItems)
	x.res.Scores = keep(x.res.Scores, keepItems)
	x.res.Sources = keep(x.res.Sources, keepItems)
	x.res.Order = keep(x.res.Order, keepItems)
	x.req.Fields = keep(x.req.Fields, keepFields)
	x.req.Context = keep(x.req.Context, keepFields)
	x.req.Floats = keep(x.req.Floats, keepFloats)
	x.intake.reset()
	x.out = keep(x.out, keepBytes)
}

// keep returns s empty, without its memory if that is for more than most.
func keep[T any](s []T, most int) []T {
	if cap(s) > most {
		return nil
	}
	return s[:0]
}
