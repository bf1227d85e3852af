package edge

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

func TestAnAnswerCarriesTheDocumentedHeaders(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	res := m.do(t, post(`{"id":"r-1","user":"42","items":["1","2",{"id":"3"}],"top_k":2}`, "X-Request-Id", "abc"))
	body := string(res.Body())
	const head = `{"id":"r-1","model":"ranker","version":"3","variant":"stable","items":[{"id":"1","score":1},{"id":"2","score":0.5}],` +
		`"degraded":false,"coverage":{"model":3,"cache":0,"stale":0,"fallback":0},"took_ms":`
	if res.StatusCode() != 200 || !strings.HasPrefix(body, head) {
		t.Fatalf("got %d %s\nwant 200 %s…", res.StatusCode(), body, head)
	}
	for name, want := range map[string]string{
		"Content-Type":       "application/json",
		"X-Rankgate-Version": "3",
		"X-Rankgate-Variant": "stable",
		"X-Request-Id":       "abc",
		"Server-Timing":      "cache;dur=0.012, features;dur=0.34, queue;dur=0, infer;dur=1.5, order;dur=0.005",
		"Server":             "",
		"Connection":         "",
	} {
		if got := string(res.Header.Peek(name)); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
}

func TestHealthAndOtherMethodsAreAnswered(t *testing.T) {
	loaded := false
	s, err := New(DefaultConfig(), descending, func() bool { return loaded }, silent())
	if err != nil {
		t.Fatal(err)
	}
	m := serveInMemory(t, s)
	check := func(method, path string, status int, body, allow string) {
		t.Helper()
		res := m.do(t, call{method: method, path: path})
		if res.StatusCode() != status || string(res.Body()) != body || string(res.Header.Peek("Allow")) != allow {
			t.Errorf("%s %s = %d %s, Allow %q; want %d %s, Allow %q", method, path,
				res.StatusCode(), res.Body(), res.Header.Peek("Allow"), status, body, allow)
		}
	}
	check("GET", "/healthz", 200, `{"status":"ok"}`, "")
	check("HEAD", "/healthz", 200, ``, "")
	check("GET", "/readyz", 503, `{"error":{"code":"unavailable","message":"not ready: no model is loaded and warm"}}`, "")
	check("HEAD", "/readyz", 503, ``, "")
	loaded = true
	check("GET", "/readyz", 200, `{"status":"ready"}`, "")
	check("HEAD", "/readyz", 200, ``, "")
	check("OPTIONS", "/rank", 204, ``, "POST, OPTIONS")
	check("OPTIONS", "/rank/ranker", 204, ``, "POST, OPTIONS")
	check("OPTIONS", "/readyz", 204, ``, "GET, HEAD, OPTIONS")
	check("HEAD", "/rank", 405, ``, "POST, OPTIONS")
}

func TestHeadersAndBodySettleTheRequest(t *testing.T) {
	var got rank.Request
	m := serveInMemory(t, newServer(t, DefaultConfig(), func(req *rank.Request, res *rank.Result) error {
		got = *req
		got.ID, got.Model, got.Pin = strings.Clone(req.ID), strings.Clone(req.Model), strings.Clone(req.Pin)
		return descending(req, res)
	}))
	bare := func(req rank.Request) rank.Request {
		return rank.Request{ID: req.ID, Model: req.Model, Pin: req.Pin, Canary: req.Canary, Class: req.Class}
	}
	for _, c := range []struct {
		call
		want   rank.Request
		budget time.Duration
	}{
		{post(good), rank.Request{}, 50 * time.Millisecond},
		{call{"POST", "/rank/other", []string{"Content-Type", "application/json"}, good}, rank.Request{Model: "other"}, 50 * time.Millisecond},
		{call{"POST", "/rank?x=1", []string{"Content-Type", "Application/JSON; charset=utf-8"}, good}, rank.Request{}, 50 * time.Millisecond},
		{post(good, "X-Model-Version", "4", "X-Canary", "never"), rank.Request{Pin: "4", Canary: rank.CanaryNever}, 50 * time.Millisecond},
		{post(good, "X-Criticality", "critical_plus"), rank.Request{Class: rank.CriticalPlus}, 50 * time.Millisecond},
		{post(good, "X-Criticality", "sheddable_plus"), rank.Request{Class: rank.SheddablePlus}, 50 * time.Millisecond},
		{post(good, "X-Criticality", "sheddable"), rank.Request{Class: rank.Sheddable}, 50 * time.Millisecond},
		{post(good, "X-Criticality", "critical"), rank.Request{Class: rank.Critical}, 50 * time.Millisecond},
		{post(good, "X-Canary", "always", "X-Request-Id", "h-1"), rank.Request{ID: "h-1", Canary: rank.CanaryAlways}, 50 * time.Millisecond},
		{post(`{"id":"b-1","user":"1","items":["2"]}`, "X-Request-Id", "h-1"), rank.Request{ID: "b-1"}, 50 * time.Millisecond},
		{post(good, "X-Request-Timeout-Ms", "12.5", "grpc-timeout", "1S"), rank.Request{}, 12500 * time.Microsecond},
		{post(good, "X-Envoy-Expected-Rq-Timeout-Ms", "30", "grpc-timeout", "1S"), rank.Request{}, 30 * time.Millisecond},
		{post(good, "X-Request-Timeout-Ms", "20", "X-Envoy-Expected-Rq-Timeout-Ms", "30"), rank.Request{}, 20 * time.Millisecond},
		{post(good, "grpc-timeout", "250u"), rank.Request{}, 250 * time.Microsecond},
		{post(good, "grpc-timeout", "00000007n"), rank.Request{}, 7},
		{post(good, "grpc-timeout", "99999999H"), rank.Request{}, 2 * time.Second},
		{post(good, "X-Request-Timeout-Ms", "99999999999999999999"), rank.Request{}, 2 * time.Second},
		{post(`{"user":"1","items":["2"],"budget_ms":7}`, "X-Request-Timeout-Ms", "nonsense"), rank.Request{}, 7 * time.Millisecond},
		{post(`{"user":"1","items":["2"],"budget_ms":1e9}`), rank.Request{}, 2 * time.Second},
	} {
		res := m.do(t, c.call)
		if res.StatusCode() != 200 || fmt.Sprint(bare(got)) != fmt.Sprint(c.want) || got.Deadline.Sub(got.Start) != c.budget {
			t.Errorf("%s %q %s\n got %d, %+v, budget %v\nwant 200, %+v, budget %v", c.path, c.headers, c.body,
				res.StatusCode(), bare(got), got.Deadline.Sub(got.Start), c.want, c.budget)
		}
		if got.Gone != nil {
			t.Error("Gone is set for a connection that is no socket")
		}
	}
}

func TestTheRankersErrorsGetTheirStatus(t *testing.T) {
	var err error
	s := newServer(t, DefaultConfig(), func(*rank.Request, *rank.Result) error { return err })
	m := serveInMemory(t, s)
	for code, status := range map[rank.Code]int{
		rank.InvalidRequest: 400, rank.Unauthorized: 401, rank.UnknownModel: 404,
		rank.TooLarge: 413, rank.Overloaded: 429, rank.Unavailable: 503, rank.DeadlineExceeded: 504,
	} {
		err = fmt.Errorf("router: %w", rank.Errorf(code, "why %d", status))
		retry := ""
		if code == rank.Overloaded {
			retry = "1"
		}
		res := m.do(t, post(good))
		want := fmt.Sprintf(`{"error":{"code":"%s","message":"why %d"}}`, code, status)
		if res.StatusCode() != status || string(res.Body()) != want || string(res.Header.Peek("Retry-After")) != retry {
			t.Errorf("got %d %s, Retry-After %q; want %d %s, Retry-After %q", res.StatusCode(), res.Body(),
				res.Header.Peek("Retry-After"), status, want, retry)
		}
		if got := s.Stats().Refused[code].Load(); got != 1 {
			t.Errorf("Refused[%s] = %d; want 1", code, got)
		}
	}
	err = errors.New("password is 1234")
	res := m.do(t, post(good))
	const want = `{"error":{"code":"unavailable","message":"the gateway could not answer; its log says why"}}`
	if res.StatusCode() != 503 || string(res.Body()) != want {
		t.Errorf("got %d %s; want 503 %s", res.StatusCode(), res.Body(), want)
	}
}

func TestAPanicIsLoggedAndAnsweredAndTheServerGoesOn(t *testing.T) {
	var log bytes.Buffer
	s, err := New(DefaultConfig(), RankerFunc(func(req *rank.Request, res *rank.Result) error {
		if req.User == "1" {
			panic("out of rows")
		}
		return descending(req, res)
	}), warm, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	m := serveInMemory(t, s)
	res := m.do(t, post(good))
	const want = `{"error":{"code":"unavailable","message":"the request failed inside the gateway; its log says why"}}`
	if res.StatusCode() != 503 || string(res.Body()) != want || !res.ConnectionClose() {
		t.Errorf("got %d %s, close %t; want 503 %s, close true", res.StatusCode(), res.Body(), res.ConnectionClose(), want)
	}
	if !strings.Contains(log.String(), "out of rows") || !strings.Contains(log.String(), "server_test.go") {
		t.Errorf("the log has neither reason nor stack: %s", log.String())
	}
	if res := m.do(t, post(`{"user":"2","items":["2"]}`)); res.StatusCode() != 200 {
		t.Errorf("the next request got %d; want 200", res.StatusCode())
	}
	if stats := s.Stats(); stats.Panics.Load() != 1 || stats.InFlight.Load() != 0 || stats.Answered.Load() != 1 {
		t.Errorf("Panics, InFlight, Answered = %d, %d, %d; want 1, 0, 1", stats.Panics.Load(), stats.InFlight.Load(), stats.Answered.Load())
	}
}

func TestOneRequestTooManyInFlightGets429(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.InFlight = 2
	entered, release := make(chan struct{}), make(chan struct{})
	m := serveInMemory(t, newServer(t, cfg, func(req *rank.Request, res *rank.Result) error {
		entered <- struct{}{}
		<-release
		return descending(req, res)
	}))
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if res := m.do(t, post(good)); res.StatusCode() != 200 {
				t.Errorf("a request within the limit got %d", res.StatusCode())
			}
		})
		<-entered
	}
	res := m.do(t, post(good))
	const want = `{"error":{"code":"overloaded","message":"more than 2 requests in flight (limits.in_flight)"}}`
	if res.StatusCode() != 429 || string(res.Body()) != want || string(res.Header.Peek("Retry-After")) != "1" {
		t.Errorf("got %d %s, Retry-After %q; want 429 %s, Retry-After 1", res.StatusCode(), res.Body(), res.Header.Peek("Retry-After"), want)
	}
	if res := m.do(t, call{method: "GET", path: "/healthz"}); res.StatusCode() != 200 {
		t.Errorf("/healthz under load got %d; want 200", res.StatusCode())
	}
	close(release)
	group.Wait()
}

func TestConcurrentRequestsNeverMix(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			p := m.dial(t)
			for i := range 50 {
				id := fmt.Sprintf(`%d\/%d`, worker, i)
				items := make([]string, 1+(worker*7+i)%40)
				want := make([]string, len(items))
				for j := range items {
					items[j] = fmt.Sprintf(`{"id":"%s-%d","features":{"a":%d}}`, id, j, j)
					want[j] = fmt.Sprintf(`{"id":"%d/%d-%d","score":`, worker, i, j)
				}
				res := p.roundTrip(t, `{"id":"`+id+`","user":"u","items":[`+strings.Join(items, ",")+`]}`)
				for _, w := range want {
					if !strings.Contains(string(res.Body()), w) {
						t.Errorf("%s is not in %s", w, res.Body())
						return
					}
				}
				if got := bytes.Count(res.Body(), []byte(`"score"`)); got != len(items) {
					t.Errorf("%d candidates came back; want %d", got, len(items))
				}
			}
		})
	}
	group.Wait()
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	p := m.dial(t)
	var requests string
	for i := range 5 {
		requests += rawPost(fmt.Sprintf(`{"id":"%d","user":"1","items":["2"]}`, i))
	}
	p.write(t, requests+"NONSENSE\r\n\r\n")
	for i := range 5 {
		if res := p.read(t); res.StatusCode() != 200 || !strings.HasPrefix(string(res.Body()), fmt.Sprintf(`{"id":"%d"`, i)) {
			t.Errorf("answer %d is %d %s", i, res.StatusCode(), res.Body())
		}
	}
	res := p.read(t)
	const want = `{"error":{"code":"invalid_request","message":"request: the first line must end in HTTP/1.1 or HTTP/1.0"}}`
	if res.StatusCode() != 400 || string(res.Body()) != want || !res.ConnectionClose() {
		t.Errorf("nonsense got %d %s; want 400 %s", res.StatusCode(), res.Body(), want)
	}
}

func TestABodyThatNobodyReadIsNeverTakenForARequest(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	hidden := rawPost(good)
	for _, c := range []struct {
		name, head string
		closes     bool
	}{
		{"a small body of a refused type", "POST /rank HTTP/1.1\r\nHost: g\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", false},
		{"a small body of a GET", "GET /healthz HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%s", false},
		{"a small body of an unknown path", "POST /nowhere HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%s", false},
		{"a chunked body of an unknown path", "POST /nowhere HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", true},
	} {
		p := m.dial(t)
		p.write(t, fmt.Sprintf(c.head, len(hidden), hidden))
		if res := p.read(t); res.ConnectionClose() != c.closes || bytes.Contains(res.Body(), []byte("score")) {
			t.Errorf("%s: close = %t, body %s; want close = %t", c.name, res.ConnectionClose(), res.Body(), c.closes)
		}
		if !c.closes {
			if res := p.roundTrip(t, `{"id":"next","user":"1","items":["2"]}`); !strings.HasPrefix(string(res.Body()), `{"id":"next"`) {
				t.Errorf("%s: the next answer is %s", c.name, res.Body())
			}
		}
	}
}

func TestChunkedBodiesAreReadAndBounded(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Body = 2000
	m := serveInMemory(t, newServer(t, cfg, descending))
	const head = "POST /rank HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
	p := m.dial(t)
	p.write(t, head+"a\r\n{\"user\":\"1\r\n10\r\n\",\"items\":[\"2\"]}\r\n0\r\n\r\n")
	if res := p.read(t); res.StatusCode() != 200 {
		t.Errorf("a chunked body got %d %s; want 200", res.StatusCode(), res.Body())
	}
	p.write(t, head+"7d0\r\n"+strings.Repeat(" ", 2000)+"\r\n7fffffff\r\n")
	p.write(t, " ")
	if res := p.read(t); res.StatusCode() != 413 || !res.ConnectionClose() {
		t.Errorf("an endless chunked body got %d %s; want 413 and close", res.StatusCode(), res.Body())
	}
	p = m.dial(t)
	p.write(t, head+"zz\r\n")
	if res := p.read(t); res.StatusCode() != 400 || !strings.Contains(string(res.Body()), "body: after 0 bytes: a chunk's size must be") {
		t.Errorf("a malformed chunk got %d %s; want 400", res.StatusCode(), res.Body())
	}
}

func TestACallerWhoAsksFirstIsToldToGoOn(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	p := m.dial(t)
	p.write(t, strings.Replace(rawPost(good), "\r\n\r\n"+good, "\r\nExpect: 100-continue\r\n\r\n", 1))
	if line, err := p.br.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v; want 100 Continue", line, err)
	}
	p.write(t, good)
	if _, err := p.br.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if res := p.read(t); res.StatusCode() != 200 {
		t.Errorf("got %d %s; want 200", res.StatusCode(), res.Body())
	}
}

func TestCountersAddUp(t *testing.T) {
	s := newServer(t, DefaultConfig(), descending)
	m := serveInMemory(t, s)
	for range 3 {
		m.do(t, post(good))
	}
	m.do(t, post("{}"))
	m.do(t, call{method: "GET", path: "/nowhere"})
	stats := s.Stats()
	for name, c := range map[string]struct{ got, want uint64 }{
		"Answered":                 {stats.Answered.Load(), 3},
		"Refused[invalid_request]": {stats.Refused[rank.InvalidRequest].Load(), 2},
		"BodyBytes":                {stats.BodyBytes.Load(), 3*uint64(len(good)) + 2},
		"InFlight":                 {uint64(stats.InFlight.Load()), 0},
		"Gone":                     {stats.Gone.Load(), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s = %d; want %d", name, c.got, c.want)
		}
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := New(Config{}, descending, warm, silent())
	for _, want := range []string{
		"budget.default: 0s: must be from 1µs to 24h0m0s", "limits.candidates: 0: must be from 1 to 1048576",
		"limits.connections: 0: must be from 1 to 1048576", "timeouts.idle: 0s: must be from 1ms to 24h0m0s",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(Config{}) = %v; want %q in it", err, want)
		}
	}
}
