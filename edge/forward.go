package edge

import (
	"bytes"
	"iter"

	"github.com/valyala/fasthttp"
)

// Forwarded lists the headers of a request that are passed on to a backend:
// trace context, and the id under which callers look for a request. No other is,
// so that what concerns one connection only (Connection and what it names,
// Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade), credentials, and
// the length and the type of a body that is written anew all end here. One that
// Connection names is not passed on either.
//
// The values belong to header. At most maxForwarded bytes of each are passed on;
// a longer one is left out.
func Forwarded(header *fasthttp.RequestHeader) iter.Seq2[string, []byte] {
	return func(yield func(name string, value []byte) bool) {
		for _, name := range forwarded {
			value := header.Peek(name)
			if len(value) == 0 || len(value) > maxForwarded || connectionNames(header, name) {
				continue
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// maxForwarded is what the trace context recommendation asks for tracestate.
const maxForwarded = 512

var forwarded = [...]string{"traceparent", "tracestate", "X-Request-Id"}

// connectionNames reports whether a header is for this connection only.
func connectionNames(header *fasthttp.RequestHeader, name string) bool {
	for _, list := range header.PeekAll(fasthttp.HeaderConnection) {
		for word := range bytes.SplitSeq(list, []byte(",")) {
			if bytes.EqualFold(trimBlanks(word), []byte(name)) {
				return true
			}
		}
	}
	return false
}
