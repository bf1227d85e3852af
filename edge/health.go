package edge

import "github.com/valyala/fasthttp"

// alive answers /healthz: the process is up.
func (s *Server) alive(ctx *fasthttp.RequestCtx) { s.say(ctx, `{"status":"ok"}`) }

// readiness answers /readyz: a model is loaded and warm, and the server is not
// on its way out.
func (s *Server) readiness(ctx *fasthttp.RequestCtx) {
	switch {
	case s.phase.Load() != serving:
		s.refuse(ctx, &s.refusals.draining)
	case !s.ready():
		s.refuse(ctx, &s.refusals.cold)
	default:
		s.say(ctx, `{"status":"ready"}`)
	}
}

func (s *Server) say(ctx *fasthttp.RequestCtx, json string) {
	ctx.Response.Header.SetContentType(contentJSON)
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.SetBodyString(json)
}

const contentJSON = "application/json"
