package edge

import (
	"context"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// healthV2 answers the paths of the protocol that need no key, and reports whether the
// request was for one of them.
func (s *Server) healthV2(ctx *fasthttp.RequestCtx) bool {
	path := ctx.Path()
	if !s.speaksV2(path) {
		return false
	}
	switch string(path) {
	case "/v2/health/live":
		if s.allows(ctx, "GET, HEAD, OPTIONS", fasthttp.MethodGet, fasthttp.MethodHead) {
			s.say(ctx, `{"live":true}`)
		}
	case "/v2/health/ready":
		if s.allows(ctx, "GET, HEAD, OPTIONS", fasthttp.MethodGet, fasthttp.MethodHead) {
			s.readinessV2(ctx)
		}
	default:
		return false
	}
	return true
}

// readinessV2 says what /readyz says, and that the Service can answer. No is a 400, as
// the protocol has it.
func (s *Server) readinessV2(ctx *fasthttp.RequestCtx) {
	var no *refusal
	switch {
	case s.phase.Load() != serving:
		no = &s.refusals.draining
	case !s.ready():
		no = &s.refusals.cold
	default:
		within, cancel := context.WithTimeout(context.Background(), s.cfg.Budget.Max)
		defer cancel()
		no = s.failedV2(within, s.cfg.Inference.Ready(within, "", ""))
	}
	if no != nil {
		s.refuse(ctx, no.unready())
		return
	}
	s.say(ctx, `{"ready":true}`)
}

// unready is r with the status for what is there but is not ready.
func (r *refusal) unready() *refusal {
	no := *r
	if no.code != rank.UnknownModel {
		no.status = fasthttp.StatusBadRequest
	}
	return &no
}

// modelReadiness answers /v2/models/M/ready.
type modelReadiness struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
}

func (s *Server) modelReady(within context.Context, t target, _ []byte) (any, error) {
	err := s.cfg.Inference.Ready(within, string(t.model), string(t.version))
	return modelReadiness{Name: string(t.model), Ready: true}, err
}
