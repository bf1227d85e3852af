package edge

import (
	"bytes"
	"slices"

	"github.com/valyala/fasthttp"
)

// route finds what the request's path and method ask for. Only health needs no
// key.
func (s *Server) route(ctx *fasthttp.RequestCtx, c *conn) {
	path := ctx.Path()
	switch string(path) {
	case "/healthz":
		if s.allows(ctx, "GET, HEAD, OPTIONS", "GET", "HEAD") {
			s.alive(ctx)
		}
		return
	case "/readyz":
		if s.allows(ctx, "GET, HEAD, OPTIONS", "GET", "HEAD") {
			s.readiness(ctx)
		}
		return
	}
	if s.healthV2(ctx) {
		return
	}
	if r := s.authorize(&ctx.Request.Header); r != nil {
		s.refuse(ctx, r)
		return
	}
	model, named := bytes.CutPrefix(path, rankPrefix)
	switch {
	case s.speaksV2(path):
		s.routeV2(ctx, c)
	case string(path) == "/rank":
		if s.allows(ctx, "POST, OPTIONS", "POST") {
			s.rank(ctx, c, nil)
		}
	case named && len(model) > 0 && bytes.IndexByte(model, '/') < 0:
		if s.allows(ctx, "POST, OPTIONS", "POST") {
			s.rank(ctx, c, model)
		}
	default:
		s.refuse(ctx, s.unknownPath(path))
	}
}

var rankPrefix = []byte("/rank/")

// allows reports whether the request's method is one of methods. It answers
// OPTIONS and every other method itself.
func (s *Server) allows(ctx *fasthttp.RequestCtx, allow string, methods ...string) bool {
	asked := ctx.Method()
	if slices.Contains(methods, view(asked)) {
		return true
	}
	ctx.Response.Header.Set("Allow", allow)
	if string(asked) == "OPTIONS" {
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	} else {
		s.refuse(ctx, wrongMethod(asked, ctx.Path(), allow))
	}
	return false
}
