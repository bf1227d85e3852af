package edge

import (
	"errors"
	"io"
	"slices"

	"github.com/valyala/fasthttp"
)

// firstRead is how much memory a body gets before a byte of it was read.
const firstRead = 16 << 10

// read takes the request's body into x.body. It grows with what arrives, and what
// it may grow to is held before.
func (s *Server) read(ctx *fasthttp.RequestCtx, c *conn, x *intake) *refusal {
	limit, size := s.cfg.Limits.Body, ctx.Request.Header.ContentLength()
	if size > limit {
		return &s.refusals.body
	}
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return nil
	}
	body := x.body[:0]
	for {
		if len(body) == x.held {
			more := min(max(len(body), firstRead), limit+1-len(body))
			if size > 0 { // it is not, if the body comes in chunks
				more = min(more, max(size-len(body), 1))
			}
			if !s.hold(x, more) {
				return &s.refusals.bodies
			}
			body = slices.Grow(body, more)
		}
		n, err := stream.Read(body[len(body):x.held])
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
