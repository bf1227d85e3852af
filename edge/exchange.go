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
	Recycle(&x.req, &x.res)
	x.intake.reset()
	x.out = keep(x.out, keepBytes)
}

// Recycle makes a request and its result ready for a pool.
func Recycle(req *rank.Request, res *rank.Result) {
	req.Reset()
	res.Resize(0)
	req.Items = keep(req.Items, keepItems)
	req.Fields = keep(req.Fields, keepFields)
	req.Context = keep(req.Context, keepFields)
	req.Floats = keep(req.Floats, keepFloats)
	res.Scores = keep(res.Scores, keepItems)
	res.Sources = keep(res.Sources, keepItems)
	res.Order = keep(res.Order, keepItems)
}

// keep returns s empty, without its memory if that is for more than most.
func keep[T any](s []T, most int) []T {
	if cap(s) > most {
		return nil
	}
	return s[:0]
}
