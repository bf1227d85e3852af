package edge

import (
	"errors"
	"io"
	"slices"

	"github.com/valyala/fasthttp"
)

// firstRead is how much memory a body gets before a byte of it was read.
const firstRead = 16 << 10

// read takes the request's body into x.body, which grows with what arrives.
func (s *Server) read(ctx *fasthttp.RequestCtx, c *conn, x *exchange) *refusal {
	limit, size := s.cfg.Limits.Body, ctx.Request.Header.ContentLength()
	if size > limit {
		return &s.refusals.body
	}
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return nil
	}
	body := x.body[:0]
	if want := min(uint(size), firstRead); cap(body) < int(want) { // chunked: size is -1
		body = make([]byte, 0, want)
	}
	for {
		if len(body) == cap(body) {
			body = slices.Grow(body, min(max(len(body), 1), limit+1-len(body)))
		}
		n, err := stream.Read(body[len(body):min(cap(body), limit+1)])
		body = body[:len(body)+n]
		x.body = body
		switch {
		case len(body) > limit:
			return &s.refusals.body
		case err == io.EOF && c.refused() == "": // fasthttp takes a broken trailer for the end
			c.whole = true
			s.stats.BodyBytes.Add(uint64(len(body)))
			return nil
		case err != nil:
			return s.unread(err, c, len(body))
		}
	}
}

// unread says why a body could not be read to its end.
func (s *Server) unread(err error, c *conn, read int) *refusal {
	switch {
	case c.refused() != "":
		return invalid("body: after %d bytes: %s", read, c.refused())
	case timedOut(err):
		return &s.refusals.slow
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("body: ends after %d bytes, before what its headers announce", read)
	default:
		return invalid("body: malformed chunks after %d bytes", read)
	}
}

// skipBody brings the connection to the end of a body that was not read to its
// end, for what follows would be taken for the next request. A small body is
// read; with any other the connection closes after the answer.
func skipBody(ctx *fasthttp.RequestCtx, c *conn) {
	stream := ctx.RequestBodyStream()
	if stream == nil || c.whole {
		return
	}
	if size := ctx.Request.Header.ContentLength(); size >= 0 && size <= firstRead {
		if _, err := io.Copy(io.Discard, stream); err == nil {
			return
		}
	}
	ctx.SetConnectionClose()
	c.linger.Store(true)
}
