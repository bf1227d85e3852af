package edge

import (
	"errors"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

func TestThePathsOfTheProtocolAnswerInItsJSON(t *testing.T) {
	m, _ := serveSums(t)
	const (
		metadata = `{"name":"sums","versions":["1","2"],"platform":"adder","inputs":[{"name":"x","datatype":"FP32","shape":[-1,-1]}],` +
			`"outputs":[{"name":"sum","datatype":"FP32","shape":[-1]},{"name":"same","datatype":"FP32","shape":[-1,-1]}]}`
		none     = `{"count":0,"ns":0}`
		nothing  = `{"success":` + none + `,"fail":` + none + `,"queue":` + none + `,"compute_input":` + none + `,"compute_infer":` + none + `,"compute_output":` + none + `,"cache_hit":` + none + `,"cache_miss":` + none + `}`
		first    = `{"name":"sums","version":"1","last_inference":0,"inference_count":0,"execution_count":0,"inference_stats":` + nothing + `,"batch_stats":[]}`
		second   = `{"name":"sums","version":"2","last_inference":1700000000123,"inference_count":0,"execution_count":0,"inference_stats":{"success":{"count":0,"ns":5000},"fail":{"count":1,"ns":2},"queue":{"count":3,"ns":4},"compute_input":` + none + `,"compute_infer":{"count":5,"ns":6},"compute_output":` + none + `,"cache_hit":` + none + `,"cache_miss":` + none + `},"batch_stats":[]}`
		notReady = `{"name":"sums","version":"1","state":"UNAVAILABLE","reason":"an old one"}`
		ready    = `{"name":"sums","version":"2","state":"READY","reason":""}`
	)
	for _, c := range []struct {
		method, path, body, want string
	}{
		{"GET", "/v2", "", `{"name":"sums","version":"7","extensions":["binary_tensor_data","model_repository","statistics"]}`},
		{"GET", "/v2/", "", `{"name":"sums","version":"7","extensions":["binary_tensor_data","model_repository","statistics"]}`},
		{"GET", "/v2/health/live", "", `{"live":true}`},
		{"GET", "/v2/health/ready", "", `{"ready":true}`},
		{"GET", "/v2/models/sums", "", metadata},
		{"GET", "/v2/models/su%6ds", "", metadata},
		{"GET", "/v2/models/sums/versions/1", "", metadata},
		{"GET", "/v2/models/sums/ready", "", `{"name":"sums","ready":true}`},
		{"GET", "/v2/models/sums/versions/2/ready", "", `{"name":"sums","ready":true}`},
		{"GET", "/v2/models/stats", "", `{"model_stats":[` + first + `,` + second + `]}`},
		{"GET", "/v2/models/sums/stats", "", `{"model_stats":[` + first + `,` + second + `]}`},
		{"GET", "/v2/models/sums/versions/1/stats", "", `{"model_stats":[` + first + `]}`},
		{"HEAD", "/v2/models/sums", "", ``},
		{"POST", "/v2/repository/index", ``, `[` + notReady + `,` + ready + `]`},
		{"POST", "/v2/repository/index", `{"ready":false}`, `[` + notReady + `,` + ready + `]`},
		{"POST", "/v2/repository/index", ` {"ready":true} `, `[` + ready + `]`},
		{"POST", "/v2/repository/models/sums/unload", `{"parameters":{"unload_dependents":false}}`, ``},
		{"POST", "/v2/repository/index", `{"ready":true}`, `[]`},
		{"POST", "/v2/repository/models/sums/load", ``, ``},
		{"POST", "/v2/repository/models/sums/load", `{"parameters":{}}`, ``},
	} {
		res := m.do(t, call{c.method, c.path, []string{"X-Request-Id", "r-1"}, c.body})
		if res.StatusCode() != 200 || string(res.Body()) != c.want {
			t.Errorf("%s %s %s\n got %d %s\nwant 200 %s", c.method, c.path, c.body, res.StatusCode(), res.Body(), c.want)
		}
		if got := string(res.Header.Peek("X-Request-Id")); got != "r-1" && !strings.HasPrefix(c.path, "/v2/health") {
			t.Errorf("%s %s: X-Request-Id %q; want r-1", c.method, c.path, got)
		}
	}
}

func TestWhatTheProtocolDoesNotHaveIsRefusedInItsWords(t *testing.T) {
	m, _ := serveSums(t)
	const paths = `is not served; there are /v2, /v2/health/live, /v2/health/ready, /v2/models/MODEL, /v2/models/MODEL/versions/VERSION, ` +
		`/ready, /infer and /stats of both, /v2/models/stats, /v2/repository/index and /v2/repository/models/MODEL/load and /unload`
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
		words              string
	}{
		{"GET", "/v2/models", "", 404, "invalid_request", "path: /v2/models " + paths},
		{"GET", "/v2/models/", "", 404, "invalid_request", "path: /v2/models/ " + paths},
		{"GET", "/v2/models//ready", "", 404, "unknown_model", "model ready : not in the repository"}, // its slashes are one
		{"GET", "/v2/models/sums/config", "", 404, "invalid_request", "path: /v2/models/sums/config " + paths},
		{"GET", "/v2/models/sums/versions/", "", 404, "invalid_request", "path: /v2/models/sums/versions/ " + paths},
		{"POST", "/v2/repository/models/load", "", 404, "invalid_request", "path: /v2/repository/models/load " + paths},
		{"GET", "/v2/health", "", 404, "invalid_request", "path: /v2/health " + paths},
		{"GET", "/v2x", "", 404, "invalid_request", "path: /v2x is not served; there are /rank, /rank/MODEL, /v2, /healthz and /readyz"},
		{"POST", "/v2", "", 405, "invalid_request", "method: POST is not for /v2; it takes GET, HEAD, OPTIONS"},
		{"GET", "/v2/models/sums/infer", "", 405, "invalid_request", "method: GET is not for /v2/models/sums/infer; it takes POST, OPTIONS"},
		{"GET", "/v2/repository/index", "", 405, "invalid_request", "method: GET is not for /v2/repository/index; it takes POST, OPTIONS"},
		{"POST", "/v2/health/live", "", 405, "invalid_request", "method: POST is not for /v2/health/live; it takes GET, HEAD, OPTIONS"},
		{"GET", "/v2/models/other", "", 404, "unknown_model", "model other : not in the repository"},
		{"GET", "/v2/models/other/ready", "", 404, "unknown_model", "model other : not in the repository"},
		{"GET", "/v2/models/sums/versions/9/stats", "", 404, "unknown_model", "model sums 9: not in the repository"},
		{"POST", "/v2/repository/models/other/load", "", 404, "unknown_model", "model other: not in the repository"},
		{"POST", "/v2/repository/index", `{"ready":1}`, 400, "invalid_request", "body: must be a JSON object, ready, if it is there, true or false"},
		{"POST", "/v2/repository/index", `x`, 400, "invalid_request", "body: must be a JSON object, ready, if it is there, true or false"},
		{"POST", "/v2/repository/models/sums/load", `[]`, 400, "invalid_request", "body: must be a JSON object, parameters, if they are there, an object"},
		{"POST", "/v2/repository/models/sums/load", `{"parameters":{"config":"{}"}}`, 400, "invalid_request", "parameters.config: a model is loaded from its files in models.repository alone"},
		{"POST", "/v2/repository/models/sums/load", `{"parameters":{"file:1/model.onnx":""}}`, 400, "invalid_request", "parameters.file:1/model.onnx: a model is loaded from its files in models.repository alone"},
		{"POST", "/v2/repository/index", strings.Repeat(" ", 5<<20), 413, "too_large", "body: more than 4194304 bytes (limits.body)"},
	} {
		res := m.do(t, call{method: c.method, path: c.path, body: c.body})
		want := `{"error":"` + c.words + `","code":"` + c.code + `"}`
		if c.path == "/v2x" {
			want = `{"error":{"code":"invalid_request","message":"` + c.words + `"}}`
		}
		if res.StatusCode() != c.status || string(res.Body()) != want {
			t.Errorf("%s %s %.80s\n got %d %s\nwant %d %s", c.method, c.path, c.body, res.StatusCode(), res.Body(), c.status, want)
		}
	}
}

func TestReadinessOfTheProtocolIsNoWith400(t *testing.T) {
	service, loaded := &sums{}, false
	cfg := DefaultConfig()
	cfg.Inference = service
	s, err := New(cfg, descending, func() bool { return loaded }, silent())
	if err != nil {
		t.Fatal(err)
	}
	m := serveInMemory(t, s)
	check := func(path string, status int, body string) {
		t.Helper()
		if res := m.do(t, call{method: "GET", path: path}); res.StatusCode() != status || string(res.Body()) != body {
			t.Errorf("%s = %d %s; want %d %s", path, res.StatusCode(), res.Body(), status, body)
		}
	}
	check("/v2/health/ready", 400, `{"error":"not ready: no model is loaded and warm","code":"unavailable"}`)
	check("/v2/health/live", 200, `{"live":true}`)
	loaded = true
	check("/v2/health/ready", 200, `{"ready":true}`)
	service.fail = rank.Errorf(rank.Unavailable, "pool gpu: no server is well")
	check("/v2/health/ready", 400, `{"error":"pool gpu: no server is well","code":"unavailable"}`)
	check("/v2/models/sums/ready", 400, `{"error":"pool gpu: no server is well","code":"unavailable"}`)
	service.fail = errors.New("a secret")
	check("/v2/models/sums/ready", 400, `{"error":"the gateway could not answer; its log says why","code":"unavailable"}`)
	check("/v2/models/sums", 503, `{"error":"the gateway could not answer; its log says why","code":"unavailable"}`)
	s.enter(unready)
	check("/v2/health/ready", 400, `{"error":"draining: this instance is about to stop","code":"unavailable"}`)
}

func TestModelsAreLoadedOnlyWhereASettingSaysSo(t *testing.T) {
	service := &sums{}
	cfg := DefaultConfig()
	cfg.Inference = service
	m := serveInMemory(t, newServer(t, cfg, descending))
	for _, what := range []string{"load", "unload"} {
		res := m.do(t, call{method: "POST", path: "/v2/repository/models/sums/" + what})
		const want = `{"error":"this listener changes nothing about what is served (listen.repository_control is false)","code":"invalid_request"}`
		if res.StatusCode() != 403 || string(res.Body()) != want || service.unloaded {
			t.Errorf("%s: got %d %s; want 403 %s", what, res.StatusCode(), res.Body(), want)
		}
	}
	for _, c := range []call{{method: "POST", path: "/v2/repository/index"}, {method: "GET", path: "/v2/models/stats"}} {
		if res := m.do(t, c); res.StatusCode() != 200 {
			t.Errorf("%s: got %d %s; want 200", c.path, res.StatusCode(), res.Body())
		}
	}
}

func TestRequestsOfTheProtocolCountAsInFlight(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Inference, cfg.Limits.InFlight = &sums{}, 1
	m := serveInMemory(t, newServer(t, cfg, descending))
	for _, c := range []call{inferCall(infer, inJSON, nil), {method: "GET", path: "/v2"}, {method: "POST", path: "/v2/repository/index"}} {
		m.stats.InFlight.Add(1) // another request
		res := m.do(t, c)
		const want = `{"error":"more than 1 requests in flight (limits.in_flight)","code":"overloaded"}`
		if res.StatusCode() != 429 || string(res.Body()) != want || string(res.Header.Peek("Retry-After")) != "1" {
			t.Errorf("%s: got %d %s, Retry-After %q; want 429 %s", c.path, res.StatusCode(), res.Body(), res.Header.Peek("Retry-After"), want)
		}
		m.stats.InFlight.Add(-1)
		if res := m.do(t, c); res.StatusCode() != 200 {
			t.Errorf("%s alone: got %d %s; want 200", c.path, res.StatusCode(), res.Body())
		}
	}
}

func TestWithoutAServiceThereIsNoV2(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	for _, path := range []string{"/v2", "/v2/health/live", "/v2/models/sums"} {
		res := m.do(t, call{method: "GET", path: path})
		if want := `"path: ` + path + ` is not served; there are /rank, /rank/MODEL, /healthz and /readyz"}}`; res.StatusCode() != 404 || !strings.HasSuffix(string(res.Body()), want) {
			t.Errorf("%s: got %d %s; want 404 …%s", path, res.StatusCode(), res.Body(), want)
		}
	}
}

func TestOnlyHealthOfTheProtocolNeedsNoKey(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Keys, cfg.Inference = newKeys(t, keyLine("shop", "open sesame", "")), &sums{}
	m := serveInMemory(t, newServer(t, cfg, descending))
	const missing = `{"error":"key: missing; send Authorization: Bearer KEY, or X-Api-Key: KEY","code":"unauthorized"}`
	for path, status := range map[string]int{
		"/v2": 401, "/v2/": 401, "/v2/models/sums": 401, "/v2/models/stats": 401, "/v2/nothing": 401, "/v2/models/sums/ready": 401,
		"/v2/health/live": 200, "/v2/health/ready": 200, "/v2/health/other": 401, "/v2/health/../models/sums": 401,
	} {
		res := m.do(t, call{method: "GET", path: path})
		if res.StatusCode() != status || status == 401 && string(res.Body()) != missing {
			t.Errorf("%s: got %d %s; want %d", path, res.StatusCode(), res.Body(), status)
		}
		if res := m.do(t, call{method: "GET", path: path, headers: []string{"X-Api-Key", "open sesame"}}); res.StatusCode() == 401 {
			t.Errorf("%s with a key: got 401", path)
		}
	}
}
