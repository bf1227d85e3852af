package edge

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/backends/oip"
)

// forward adds the headers that are passed on to a backend: trace context, and the id
// under which callers look for a request. No other is, so that what concerns one
// connection only (Connection and what it names, Keep-Alive, Proxy-*, TE, Trailer,
// Transfer-Encoding, Upgrade), credentials, and the length and the type of a body that
// is written anew all end here. One that Connection names is not passed on either.
func (x *inference) forward(header *fasthttp.RequestHeader) {
	for _, name := range Forwarded {
		value := header.Peek(name)
		if len(value) == 0 || len(value) > MaxForwarded || connectionNames(header, name) {
			continue
		}
		x.message.Headers = append(x.message.Headers, oip.Header{Name: name, Value: x.own(value)})
	}
}

// MaxForwarded is what the trace context recommendation asks for tracestate. A longer
// value is left out.
const MaxForwarded = 512

// Forwarded names the headers that are passed on.
var Forwarded = [...]string{"traceparent", "tracestate", "X-Request-Id"}

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
