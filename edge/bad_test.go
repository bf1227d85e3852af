package edge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

// bad is a request that is refused.
type bad struct {
	call
	status int
	code   string
	words  string
}

// badBodies are bodies of /rank and the words that a 400 has for them.
var badBodies = [][2]string{
	// not JSON
	{``, `body: empty`},
	{` `, `body: byte 1: the text ends where an object was expected`},
	{`x`, `body: byte 0: 'x' where an object was expected`},
	{"\ufeff{}", `body: byte 0: '\ufeff' where an object was expected`},
	{`{`, `body: byte 1: the text ends where a field name was expected`},
	{`{user:"1"}`, `body: byte 1: 'u' where a field name was expected`},
	{`{"user"}`, `body: byte 7: '}' where ':' was expected`},
	{`{"user":}`, `user: byte 8: '}' where a string or an integer was expected`},
	{`{"user":"1`, `user: byte 10: the text ends where '"' was expected`},
	{`{"user":"1\`, `user: byte 10: malformed escape in a string`},
	{`{"user":"\x"}`, `user: byte 9: malformed escape in a string`},
	{`{"user":"\u12g4"}`, `user: byte 9: malformed escape in a string`},
	{"{\"user\":\"a\x00b\"}", `user: byte 10: a control character in a string must be escaped`},
	{"{\"user\":\"a\nb\"}", `user: byte 10: a control character in a string must be escaped`},
	{"{\"user\":\"a\xffb\"}", `body: byte 10: not valid UTF-8`},
	{`{"user":"1" "items":["2"]}`, `body: byte 12: '"' where ',' or '}' was expected`},
	{`{"user":"1","items":["2"],}`, `body: byte 26: '}' where a value after ',' was expected`},
	{`{"user":"1","items":["2",]}`, `items: byte 25: ']' where a value after ',' was expected`},
	{`{"user":"1","items":["2";"3"]}`, `items: byte 24: ';' where ',' or ']' was expected`},
	{`{"user":"1","items":["2"}`, `items: byte 24: '}' where ',' or ']' was expected`},
	{`{"user":"1","items":["2"]} {}`, `body: byte 27: '{' where the end was expected`},
	{`{"user":"1","items":[01]}`, `items: byte 22: '1' where ',' or ']' was expected`},
	{`{"user":"1","items":[-]}`, `items[0]: byte 22: ']' where a digit was expected`},
	{`{"user":"1","items":[1.]}`, `items[0]: byte 23: ']' where a digit was expected`},
	{`{"user":"1","items":["2"],"top_k":1e}`, `top_k: byte 36: '}' where a digit was expected`},
	{`{"user":"1","items":["2"],"explain":tru}`, `explain: byte 36: 't' where true was expected`},
	{`{"user":"1","items":["2"],"id":nil}`, `id: byte 31: 'n' where null was expected`},

	// not a request
	{`[]`, `body: must be an object, not a list`},
	{`null`, `body: must be an object, not null`},
	{`"1"`, `body: must be an object, not a string`},
	{`{}`, `user: missing`},
	{`{"user":"1"}`, `items: missing`},
	{`{"items":["1"]}`, `user: missing`},
	{`{"user":"1","items":["2"],"limit":5}`, `limit: unknown field; a request has id, user, items, context, top_k, budget_ms and explain`},
	{`{"User":"1","items":["2"]}`, `User: unknown field; a request has id, user, items, context, top_k, budget_ms and explain`},
	{`{"a b":1}`, `"a b": unknown field; a request has id, user, items, context, top_k, budget_ms and explain`},
	{`{"user":"1","user":"2","items":["2"]}`, `user: given twice`},
	{`{"user":"1","items":["2"],"items":["3"]}`, `items: given twice`},

	// ids
	{`{"user":"","items":["2"]}`, `user: empty`},
	{`{"user":null,"items":["2"]}`, `user: must be a string or an integer, not null`},
	{`{"user":true,"items":["2"]}`, `user: must be a string or an integer, not a bool`},
	{`{"user":1.5,"items":["2"]}`, `user: 1.5: a number here must be an integer`},
	{`{"user":1e3,"items":["2"]}`, `user: 1e3: a number here must be an integer`},
	{`{"user":-0,"items":["2"]}`, `user: -0: a number here must be an integer`},
	{`{"id":{},"user":"1","items":["2"]}`, `id: must be a string or an integer, not an object`},
	{`{"id":1.0,"user":"1","items":["2"]}`, `id: 1.0: a number here must be an integer`},

	// items
	{`{"user":"1","items":[]}`, `items: empty`},
	{`{"user":"1","items":null}`, `items: must be a list, not null`},
	{`{"user":"1","items":"2"}`, `items: must be a list, not a string`},
	{`{"user":"1","items":["2","3","4",""]}`, `items[3]: empty`},
	{`{"user":"1","items":["2",["3"]]}`, `items[1]: must be a string or an integer, not a list`},
	{`{"user":"1","items":["2",null]}`, `items[1]: must be a string or an integer, not null`},
	{`{"user":"1","items":["2","3","4",{"id":""}]}`, `items[3].id: empty`},
	{`{"user":"1","items":[{}]}`, `items[0].id: missing`},
	{`{"user":"1","items":[{"features":{"a":1}}]}`, `items[0].id: missing`},
	{`{"user":"1","items":[{"id":"2","id":"2"}]}`, `items[0].id: given twice`},
	{`{"user":"1","items":[{"id":"2","price":9.5}]}`, `items[0].price: unknown field; an item has id and features`},
	{`{"user":"1","items":[{"id":"2","features":[]}]}`, `items[0].features: must be an object, not a list`},
	{`{"user":"1","items":[{"features":1}]}`, `items[0].features: must be an object, not a number`},

	// features
	{`{"user":"1","items":["2",{"id":"3","features":{"price":{"eur":1}}}]}`,
		`items[1].features.price: must be null, a bool, a number, a string or a list of numbers, not an object`},
	{`{"user":"1","items":[{"id":"3","features":{"v":[1,"2"]}}]}`, `items[0].features.v[1]: must be a number, not a string`},
	{`{"user":"1","items":[{"id":"3","features":{"v":[[1]]}}]}`, `items[0].features.v[0]: must be a number, not a list`},
	{`{"user":"1","items":[{"id":"3","features":{"v":[1,null]}}]}`, `items[0].features.v[1]: must be a number, not null`},
	{`{"user":"1","items":[{"id":"3","features":{"v":[1,1e39]}}]}`, `items[0].features.v[1]: 1e39: outside the range of a 32-bit float`},
	{`{"user":"1","items":[{"id":"3","features":{"v":1e309}}]}`, `items[0].features.v: 1e309: outside the range of a 64-bit float`},
	{`{"user":"1","items":[{"id":"3","features":{"v":NaN}}]}`,
		`items[0].features.v: byte 47: 'N' where null, a bool, a number, a string or a list of numbers was expected`},
	{`{"user":"1","items":[{"id":"3","features":{"v":1,"v":2}}]}`, `items[0].features.v: given twice`},
	{`{"user":"1","items":[{"id":"3","features":{"":1}}]}`, `items[0].features: a feature without a name`},
	{`{"user":"1","items":["2"],"context":[1]}`, `context: must be an object, not a list`},
	{`{"user":"1","items":["2"],"context":{"geo":{"lat":1}}}`,
		`context.geo: must be null, a bool, a number, a string or a list of numbers, not an object`},
	{`{"user":"1","items":["2"],"context":{"hour":1,"day":2,"hour":3}}`, `context.hour: given twice`},

	// the rest
	{`{"user":"1","items":["2"],"top_k":-1}`, `top_k: -1: must be an integer from 0 to 2147483647`},
	{`{"user":"1","items":["2"],"top_k":1.5}`, `top_k: 1.5: must be an integer from 0 to 2147483647`},
	{`{"user":"1","items":["2"],"top_k":2147483648}`, `top_k: 2147483648: must be an integer from 0 to 2147483647`},
	{`{"user":"1","items":["2"],"top_k":"5"}`, `top_k: must be an integer, not a string`},
	{`{"user":"1","items":["2"],"budget_ms":0}`, `budget_ms: 0: must be above 0, in milliseconds`},
	{`{"user":"1","items":["2"],"budget_ms":-5}`, `budget_ms: -5: must be above 0, in milliseconds`},
	{`{"user":"1","items":["2"],"budget_ms":1e999}`, `budget_ms: 1e999: must be above 0, in milliseconds`},
	{`{"user":"1","items":["2"],"budget_ms":"20ms"}`, `budget_ms: must be a number, not a string`},
	{`{"user":"1","items":["2"],"explain":1}`, `explain: must be true or false, not a number`},
}

const good = `{"user":"1","items":["2"]}`

// badRequests are the refusals that a body alone does not cause.
func badRequests() []bad {
	json := []string{"Content-Type", "application/json"}
	with := func(headers ...string) call { return post(good, headers...) }
	list := []bad{
		{call{"POST", "/", json, good}, 404, "invalid_request", "path: / is not served; there are /rank, /rank/MODEL, /healthz and /readyz"},
		{call{"POST", "/rank/", json, good}, 404, "invalid_request", "path: /rank/ is not served; there are /rank, /rank/MODEL, /healthz and /readyz"},
		{call{"POST", "/rank/a/b", json, good}, 404, "invalid_request", "path: /rank/a/b is not served; there are /rank, /rank/MODEL, /healthz and /readyz"},
		{call{"GET", "/rankings", nil, ""}, 404, "invalid_request", "path: /rankings is not served; there are /rank, /rank/MODEL, /healthz and /readyz"},
		{call{"GET", "/rank", nil, ""}, 405, "invalid_request", "method: GET is not for /rank; it takes POST, OPTIONS"},
		{call{"PUT", "/rank/m", json, good}, 405, "invalid_request", "method: PUT is not for /rank/m; it takes POST, OPTIONS"},
		{call{"DELETE", "/rank", nil, ""}, 405, "invalid_request", "method: DELETE is not for /rank; it takes POST, OPTIONS"},
		{call{"POST", "/healthz", json, good}, 405, "invalid_request", "method: POST is not for /healthz; it takes GET, HEAD, OPTIONS"},
		{call{"POST", "/rank", []string{"Content-Type", "text/plain"}, good}, 415, "invalid_request", "Content-Type: text/plain is not read; it must be application/json"},
		{call{"POST", "/rank", []string{"Content-Type", "application/x-www-form-urlencoded"}, good}, 415, "invalid_request", "Content-Type: application/x-www-form-urlencoded is not read; it must be application/json"},
		{call{"POST", "/rank", []string{"Content-Type", "multipart/form-data; boundary=x"}, good}, 415, "invalid_request", "Content-Type: multipart/form-data is not read; it must be application/json"},
		{with("Content-Encoding", "br"), 415, "invalid_request", "Content-Encoding: br is not known; gzip, deflate, zstd and identity are"},
		{with("Content-Encoding", "gzip, gzip"), 415, "invalid_request", `Content-Encoding: "gzip, gzip" is not known; gzip, deflate, zstd and identity are`},
		{with("Content-Encoding", "gzip"), 400, "invalid_request", "body: not valid gzip: gzip: invalid header"},
		{with("Content-Encoding", "zstd"), 400, "invalid_request", "body: not valid zstd: invalid input: magic number mismatch"},
		{with("X-Canary", "sometimes"), 400, "invalid_request", "X-Canary: sometimes: must be always or never"},
		{with("X-Canary", "Always"), 400, "invalid_request", "X-Canary: Always: must be always or never"},
		{with("X-Criticality", "high"), 400, "invalid_request", "X-Criticality: high: must be critical_plus, critical, sheddable_plus or sheddable"},
		{with("X-Criticality", "SHEDDABLE"), 400, "invalid_request", "X-Criticality: SHEDDABLE: must be critical_plus, critical, sheddable_plus or sheddable"},
		{with("X-Request-Timeout-Ms", "soon"), 400, "invalid_request", "X-Request-Timeout-Ms: soon: must be a number of milliseconds above 0"},
		{with("X-Request-Timeout-Ms", "0"), 400, "invalid_request", "X-Request-Timeout-Ms: 0: must be a number of milliseconds above 0"},
		{with("X-Request-Timeout-Ms", "-1"), 400, "invalid_request", "X-Request-Timeout-Ms: -1: must be a number of milliseconds above 0"},
		{with("X-Request-Timeout-Ms", "0x10"), 400, "invalid_request", "X-Request-Timeout-Ms: 0x10: must be a number of milliseconds above 0"},
		{with("X-Envoy-Expected-Rq-Timeout-Ms", "1e3"), 400, "invalid_request", "X-Envoy-Expected-Rq-Timeout-Ms: 1e3: must be a number of milliseconds above 0"},
		{with("grpc-timeout", "20"), 400, "invalid_request", "Grpc-Timeout: 20: must be one to eight digits, not all 0, and a unit out of H, M, S, m, u, n"},
		{with("grpc-timeout", "123456789m"), 400, "invalid_request", "Grpc-Timeout: 123456789m: must be one to eight digits, not all 0, and a unit out of H, M, S, m, u, n"},
		{with("grpc-timeout", "0m"), 400, "invalid_request", "Grpc-Timeout: 0m: must be one to eight digits, not all 0, and a unit out of H, M, S, m, u, n"},
		{post(`{"user":"1","items":[` + strings.Repeat(`"2",`, 10) + `"2"]}`), 413, "too_large", "items: more than 10 candidates (limits.candidates)"},
		{post(`{"user":"1","items":[{"id":"2","features":{` + numbered(5) + `}}]}`), 413, "too_large", "items[0].features: more than 4 features (limits.features)"},
		{post(`{"user":"1","items":["2"],"context":{` + numbered(5) + `}}`), 413, "too_large", "context: more than 4 features (limits.features)"},
		{post(`{"user":"` + strings.Repeat("x", 2000) + `"}`), 413, "too_large", "body: more than 2000 bytes (limits.body)"},
		{with("X-Long", strings.Repeat("x", 2000)), 431, "too_large", "headers: more than 2000 bytes (limits.header)"},
		{call{"POST", "/rank/nobody", json, good}, 404, "unknown_model", "model: nobody is not loaded"},
	}
	for _, b := range badBodies {
		list = append(list, bad{post(b[0]), 400, "invalid_request", b[1]})
	}
	return list
}

func TestBadRequestsGetTheirStatusCodeAndWords(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Candidates, cfg.Limits.Features, cfg.Limits.Body, cfg.Limits.Header = 10, 4, 2000, 2000
	m := serveInMemory(t, newServer(t, cfg, func(req *rank.Request, res *rank.Result) error {
		if req.Model != "" {
			return rank.Errorf(rank.UnknownModel, "model: %s is not loaded", req.Model)
		}
		return descending(req, res)
	}))
	for _, b := range badRequests() {
		res := m.do(t, b.call)
		want := string(errorBody(codeNamed(t, b.code), b.words))
		if res.StatusCode() != b.status || string(res.Body()) != want {
			t.Errorf("%s %s %q %.80q\n got %d %s\nwant %d %s", b.method, b.path, b.headers, b.body,
				res.StatusCode(), res.Body(), b.status, want)
		}
		if got := string(res.Header.ContentType()); got != "application/json" {
			t.Errorf("%s %s: Content-Type = %q; want application/json", b.method, b.path, got)
		}
	}
	if n := len(badRequests()); n < 60 {
		t.Errorf("the table holds %d bad requests; want at least 60", n)
	}
	if res := m.do(t, post(good)); res.StatusCode() != 200 {
		t.Errorf("a good request after them got %d %s; want 200", res.StatusCode(), res.Body())
	}
}

func codeNamed(t *testing.T, name string) rank.Code {
	for code := range rank.NumCodes {
		if code.String() == name {
			return code
		}
	}
	t.Fatalf("no code %q", name)
	return 0
}

// numbered is the members of an object with n features.
func numbered(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"f%d":%d`, i, i)
	}
	return strings.Join(members, ",")
}
