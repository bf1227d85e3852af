package rpc

import (
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// decoder reads a RankRequest of ranking.proto, whose numbers its cases are, into a
// rank.Request. It makes the checks of package edge's decoder of the same request in
// JSON: what one refuses, so does the other. Two things differ, for every proto3 message
// is so: a scalar that is given twice counts as it came last, and fields that are not
// known are passed over.
//
// Hand-written because a generated message costs allocations for each item and feature.
// On one machine, for 200 plain ids and for 200 items with three features: generated
// 26 µs and 333 µs with 420 and 3,820 allocations; this 9 µs and 56 µs without any.
type decoder struct {
	limits edge.Limits
	req    *rank.Request
	names  edge.Names
	at     place
	bad    *rank.Error // the first mistake
}

// asked is what a message says of how it is to be answered; zero values say nothing.
type asked struct {
	budget        time.Duration
	canary, class uint64 // as in ranking.proto
}

// decode reads message into req, whose strings are views of it from then on.
func (d *decoder) decode(message []byte, limits edge.Limits, req *rank.Request) (asked, *rank.Error) {
	*d = decoder{limits: limits, req: req, names: d.names, at: nowhere}
	said := d.request(message)
	bad := d.bad
	d.req, d.at, d.bad = nil, nowhere, nil
	return said, bad
}

func (d *decoder) request(message []byte) (said asked) {
	w := wire{rest: message}
	var like []rank.Field // the features of the item before
	alike := true         // the context's names were not looked up
	for d.bad == nil && w.next() {
		switch {
		case w.is(1, protowire.BytesType):
			d.req.ID = d.text("id", w.Bytes)
		case w.is(2, protowire.BytesType):
			d.req.Model = d.text("model", w.Bytes)
		case w.is(3, protowire.BytesType):
			d.req.User = d.text("user", w.Bytes)
		case w.is(4, protowire.BytesType):
			like = d.item(w.Bytes, like)
		case w.is(5, protowire.BytesType):
			d.at.field = "context"
			d.req.Context, alike = d.feature(w.Bytes, d.req.Context, 0, nil, alike)
			d.at = nowhere
		case w.is(6, protowire.VarintType):
			d.topK(w.Bits)
		case w.is(7, protowire.Fixed64Type):
			said.budget = d.budget(w.Bits)
		case w.is(8, protowire.VarintType):
			d.req.Explain = w.Bits != 0
		case w.is(9, protowire.BytesType):
			d.req.Pin = d.text("version", w.Bytes)
		case w.is(10, protowire.VarintType):
			said.canary = w.Bits
		case w.is(11, protowire.VarintType):
			said.class = w.Bits
		}
	}
	if w.broken {
		d.fail("malformed protobuf")
	}
	d.chosen(said)
	d.require(d.req.User != "", "user", "missing")
	d.require(len(d.req.Items) > 0, "items", "empty")
	return said
}

// chosen takes what is chosen of a list.
func (d *decoder) chosen(said asked) {
	if said.canary < uint64(len(canaries)) {
		d.req.Canary = canaries[said.canary]
	} else {
		d.at.field = "canary"
		d.fail("%d: must be CANARY_ALWAYS or CANARY_NEVER", int64(said.canary))
	}
	if said.class < uint64(len(classes)) {
		d.req.Class = classes[said.class]
	} else {
		d.at.field = "criticality"
		d.fail("%d: must be one of ranking.proto's", int64(said.class))
	}
}

// The names of ranking.proto, by number.
var (
	canaries = [...]rank.Canary{rank.CanarySplit, rank.CanaryAlways, rank.CanaryNever}
	classes  = [...]rank.Criticality{rank.Critical, rank.CriticalPlus, rank.Critical, rank.SheddablePlus, rank.Sheddable}
)

// item takes an item and returns its features. like are those of the item before.
func (d *decoder) item(message []byte, like []rank.Field) []rank.Field {
	n := len(d.req.Items)
	d.at.field, d.at.item = "items", n
	if n == d.limits.Candidates {
		d.at.item = -1
		d.blame(rank.TooLarge, "more than %d candidates (limits.candidates)", d.limits.Candidates)
		return nil
	}
	w, from, alike := wire{rest: message}, len(d.req.Fields), true
	var id []byte
	for d.bad == nil && w.next() {
		switch {
		case w.is(1, protowire.BytesType):
			id = w.Bytes
		case w.is(2, protowire.BytesType):
			d.at.member = "features"
			d.req.Fields, alike = d.feature(w.Bytes, d.req.Fields, from, like, alike)
			d.at.member = ""
		}
	}
	if w.broken {
		d.fail("malformed protobuf")
	}
	d.at.member = "id"
	if len(id) == 0 {
		d.fail("empty")
	}
	d.req.Items = append(d.req.Items, rank.Item{ID: d.valid(id), From: int32(from), To: int32(len(d.req.Fields))})
	d.at = nowhere
	return d.req.Fields[from:]
}

// text takes a string that is a field of the request.
func (d *decoder) text(field string, text []byte) string {
	d.at.field = field
	s := d.valid(text)
	d.at = nowhere
	return s
}

// valid returns text, which must be UTF-8 so that two ids can't become one.
func (d *decoder) valid(text []byte) string {
	if !utf8.Valid(text) {
		d.fail("not valid UTF-8")
	}
	return view(text)
}

func (d *decoder) topK(bits uint64) {
	n := int32(bits)
	if n < 0 {
		d.at.field = "top_k"
		d.fail("%d: must be an integer from 0 to %d", n, 1<<31-1)
	}
	d.req.TopK = int(n)
}

func (d *decoder) require(there bool, field, words string) {
	if !there {
		d.at = nowhere
		d.at.field = field
		d.fail("%s", words)
	}
}

func (d *decoder) fail(format string, args ...any) { d.blame(rank.InvalidRequest, format, args...) }

// blame makes the first mistake.
func (d *decoder) blame(code rank.Code, format string, args ...any) {
	if d.bad == nil {
		d.bad = rank.Errorf(code, d.at.String()+": "+format, args...)
	}
}

// place is where in a request the decoder is, for the path in an error.
type place struct {
	field   string // of the request
	item    int    // index, -1 outside of an item
	member  string // of the item
	feature []byte // its name
	element int    // index in a feature's list of numbers, -1 outside of one
}

// nowhere is outside of every field.
var nowhere = place{item: -1, element: -1}

func (p place) String() string {
	if p.field == "" {
		return "message"
	}
	path := p.field
	if p.item >= 0 {
		path += "[" + strconv.Itoa(p.item) + "]"
	}
	if p.member != "" {
		path += "." + p.member
	}
	if len(p.feature) > 0 {
		path += "." + edge.Brief(string(p.feature))
	}
	if p.element >= 0 {
		path += "[" + strconv.Itoa(p.element) + "]"
	}
	return path
}
