package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// The Open Inference Protocol over HTTP: names, methods and JSON are those of
// https://github.com/kserve/open-inference-protocol and, for binary tensors, the
// repository and the statistics, of the extensions in Triton's docs/protocol.

// target is what a path below /v2 names.
type target struct {
	endpoint       *endpoint // nil if there is none such
	model, version []byte    // the path's, "" if it names none
}

// endpoint is what can be asked. answer returns what becomes the JSON, nil for none.
type endpoint struct {
	method  string
	changes bool // what is served
	probe   bool // no is a 400
	answer  func(s *Server, within context.Context, t target, body []byte) (any, error)
}

// inferring is answered by Server.infer, for its body is no small thing.
var inferring = endpoint{method: fasthttp.MethodPost}

// The endpoints by what follows /v2, the model, and /v2/repository/models/M.
var (
	v2Paths = map[string]*endpoint{
		"":                  {method: fasthttp.MethodGet, answer: (*Server).describeServer},
		"/":                 {method: fasthttp.MethodGet, answer: (*Server).describeServer},
		"/models/stats":     {method: fasthttp.MethodGet, answer: (*Server).statistics},
		"/repository/index": {method: fasthttp.MethodPost, answer: (*Server).index},
	}
	v2ModelPaths = map[string]*endpoint{
		"":      {method: fasthttp.MethodGet, answer: (*Server).describeModel},
		"ready": {method: fasthttp.MethodGet, probe: true, answer: (*Server).modelReady},
		"stats": {method: fasthttp.MethodGet, answer: (*Server).statistics},
		"infer": &inferring,
	}
	v2RepositoryPaths = map[string]*endpoint{
		"load":   {method: fasthttp.MethodPost, changes: true, answer: (*Server).load},
		"unload": {method: fasthttp.MethodPost, changes: true, answer: (*Server).unload},
	}
)

// speaksV2 reports whether a path belongs to the protocol, and there is who answers it.
func (s *Server) speaksV2(path []byte) bool {
	return s.cfg.Inference != nil && bytes.HasPrefix(path, v2Prefix) && (len(path) == len(v2Prefix) || path[len(v2Prefix)] == '/')
}

var (
	v2Prefix         = []byte("/v2")
	v2Models         = []byte("/models/")
	v2Versions       = []byte("versions/")
	v2Repository     = []byte("/repository/models/")
	slash            = []byte("/")
	headerJSONLength = []byte("Inference-Header-Content-Length")
)

// targetOf reads a path that begins with /v2.
func targetOf(path []byte) (t target) {
	rest := path[len(v2Prefix):]
	if t.endpoint = v2Paths[string(rest)]; t.endpoint != nil {
		return t
	}
	what, paths := []byte(nil), v2ModelPaths
	if name, ok := bytes.CutPrefix(rest, v2Models); ok {
		t.model, what, _ = bytes.Cut(name, slash)
		if named, ok := bytes.CutPrefix(what, v2Versions); ok {
			if t.version, what, _ = bytes.Cut(named, slash); len(t.version) == 0 {
				return target{}
			}
		}
	} else if name, ok := bytes.CutPrefix(rest, v2Repository); ok {
		t.model, what, _ = bytes.Cut(name, slash)
		paths = v2RepositoryPaths
	}
	if len(t.model) > 0 {
		t.endpoint = paths[string(what)]
	}
	return t
}

// routeV2 answers a path of the protocol other than those of health.
func (s *Server) routeV2(ctx *fasthttp.RequestCtx, c *conn) {
	echoRequestID(ctx)
	t := targetOf(ctx.Path())
	if t.endpoint == nil {
		s.refuse(ctx, refusef(fasthttp.StatusNotFound, "path: %s is not served; there are /v2, /v2/health/live, /v2/health/ready, "+
			"/v2/models/MODEL, /v2/models/MODEL/versions/VERSION, /ready, /infer and /stats of both, /v2/models/stats, "+
			"/v2/repository/index and /v2/repository/models/MODEL/load and /unload", Brief(string(ctx.Path()))))
		return
	}
	allow, methods := "POST, OPTIONS", []string{fasthttp.MethodPost}
	if t.endpoint.method == fasthttp.MethodGet {
		allow, methods = "GET, HEAD, OPTIONS", []string{fasthttp.MethodGet, fasthttp.MethodHead}
	}
	if !s.allows(ctx, allow, methods...) {
		return
	}
	if t.endpoint == &inferring {
		s.infer(ctx, c, t)
	} else if r := s.manage(ctx, c, t); r != nil {
		s.refuse(ctx, r)
	}
}

// manage answers a request whose body, if it has any, is small.
func (s *Server) manage(ctx *fasthttp.RequestCtx, c *conn, t target) *refusal {
	if t.endpoint.changes && !s.cfg.Repository {
		return refusef(fasthttp.StatusForbidden,
			"this listener changes nothing about what is served (listen.repository_control is false)")
	}
	var x intake
	defer s.release(&x)
	if r := s.read(ctx, c, &x); r != nil {
		return r
	}
	if r := s.admit(); r != nil {
		return r
	}
	defer s.stats.InFlight.Add(-1)
	if r := s.inflate(ctx.Request.Header.Peek("Content-Encoding"), &x); r != nil {
		return r
	}
	within := context.Background()
	if !t.endpoint.changes { // to load and to warm a model takes the time that it takes
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(within, s.cfg.Budget.Max)
		defer cancel()
	}
	answer, err := t.endpoint.answer(s, within, t, x.body)
	if err != nil && t.endpoint.probe {
		return s.failedV2(within, err).unready()
	}
	if err != nil {
		return s.failedV2(within, err)
	}
	if answer == nil {
		return nil
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return s.failed(err)
	}
	ctx.Response.Header.SetContentType(contentJSON)
	ctx.Response.SetBodyRaw(body)
	return nil
}

// failedV2 turns what the Service returned into a refusal, nil if it succeeded.
func (s *Server) failedV2(within context.Context, err error) *refusal {
	if _, coded := errors.AsType[*rank.Error](err); err != nil && !coded && within.Err() != nil {
		return refused(rank.Errorf(rank.DeadlineExceeded, "no answer within the budget"))
	}
	return s.failed(err)
}
