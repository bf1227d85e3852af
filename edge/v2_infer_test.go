package edge

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

// Two rows of two, as JSON and as bytes.
const (
	inJSON   = `{"id":"i-1","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4.5]}]}`
	inBinary = `{"id":"i-1","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","parameters":{"binary_data_size":16}}]%s}`

	infer = "/v2/models/sums/infer"
)

func fourFloats() []byte { return floats(1, 2, 3, 4.5) }

func TestTensorsComeAndGoAsJSONOrAsBytes(t *testing.T) {
	m, _ := serveSums(t)
	const (
		head     = `{"model_name":"sums","model_version":"2","id":"i-1","outputs":[`
		sumJSON  = `{"name":"sum","datatype":"FP32","shape":[2],"data":[3,7.5]}`
		sumRaw   = `{"name":"sum","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}`
		sameJSON = `{"name":"same","datatype":"FP32","shape":[2,2],"parameters":{"copied":true},"data":[1,2,3,4.5]}`
		sameRaw  = `{"name":"same","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16,"copied":true}}`
	)
	raw := func(outputs string) call { return inferCall(infer, fmt.Sprintf(inBinary, outputs), fourFloats()) }
	for _, c := range []struct {
		call call
		json string
		tail []byte
	}{
		{inferCall(infer, inJSON, nil), head + sumJSON + `,` + sameJSON + `]}`, nil},
		{inferCall(infer, inJSON, nil, "Content-Type", "application/x-www-form-urlencoded"), head + sumJSON + `,` + sameJSON + `]}`, nil},
		{inferCall("/v2/models/sums/versions/1/infer", inJSON, nil), strings.Replace(head, `"2"`, `"1"`, 1) + sumJSON + `,` + sameJSON + `]}`, nil},
		{raw(``), head + sumJSON + `,` + sameJSON + `]}`, nil},
		{raw(`,"outputs":[{"name":"sum"}]`), head + sumJSON + `]}`, nil},
		{raw(`,"parameters":{"binary_data_output":true}`), head + sumRaw + `,` + sameRaw + `]}`, slices.Concat(floats(3, 7.5), fourFloats())},
		{raw(`,"outputs":[{"name":"same","parameters":{"binary_data":true}}]`), head + sameRaw + `]}`, fourFloats()},
		{raw(`,"outputs":[{"name":"same","parameters":{"binary_data":true}},{"name":"sum","parameters":{"binary_data":false}}]`),
			head + sumJSON + `,` + sameRaw + `]}`, fourFloats()},
	} {
		res := m.do(t, c.call)
		header, media := "", "application/json"
		if c.tail != nil {
			header, media = strconv.Itoa(len(c.json)), "application/octet-stream"
		}
		if res.StatusCode() != 200 || string(res.Body()) != c.json+string(c.tail) {
			t.Errorf("%s\n got %d %q\nwant 200 %q", c.call.body, res.StatusCode(), res.Body(), c.json+string(c.tail))
		}
		if got := string(res.Header.Peek(oip.HeaderLength)); got != header || string(res.Header.ContentType()) != media {
			t.Errorf("%s: %q bytes of JSON, %s; want %q, %s", c.call.body, got, res.Header.ContentType(), header, media)
		}
	}
}

func TestACompressedInferenceIsInflated(t *testing.T) {
	m, _ := serveSums(t)
	header := fmt.Sprintf(inBinary, `,"outputs":[{"name":"sum"}]`)
	plain := header + string(fourFloats())
	for encoding, body := range map[string]string{"gzip": gzipOf(t, plain), "deflate": zlibOf(t, plain), "zstd": zstdOf(t, plain), "identity": plain} {
		res := m.do(t, call{"POST", infer, []string{"Content-Encoding", encoding, oip.HeaderLength, strconv.Itoa(len(header))}, body})
		if res.StatusCode() != 200 || !strings.Contains(string(res.Body()), `"data":[3,7.5]`) {
			t.Errorf("%s: got %d %s; want the sums 3 and 7.5", encoding, res.StatusCode(), res.Body())
		}
	}
}

func TestHeadersAndParametersSettleTheMessage(t *testing.T) {
	service := &sums{}
	cfg := DefaultConfig()
	cfg.Inference = service
	withTimeout := strings.Replace(inJSON, `"id"`, `"parameters":{"timeout":30000,"priority":3},"id"`, 1)
	cases := []struct {
		call call
		want func(*seen)
	}{
		{inferCall(infer, inJSON, nil), func(*seen) {}},
		{inferCall("/v2/models/sums/versions/1/infer", inJSON, nil), func(s *seen) { s.version = "1" }},
		{inferCall(infer, inJSON, nil, "X-User-Id", "u-7", "X-Canary", "always", "X-Criticality", "sheddable"),
			func(s *seen) { s.user, s.canary, s.class = "u-7", rank.CanaryAlways, rank.Sheddable }},
		{inferCall(infer, inJSON, nil, "Traceparent", "00-1-2-01", "Tracestate", "a=b", "X-Request-Id", "r-1", "Authorization", "Bearer k", "Te", "trailers"),
			func(s *seen) {
				s.headers = []oip.Header{{Name: "traceparent", Value: "00-1-2-01"}, {Name: "tracestate", Value: "a=b"}, {Name: "X-Request-Id", Value: "r-1"}}
			}},
		{inferCall(infer, inJSON, nil, "X-Request-Timeout-Ms", "12.5"), func(s *seen) { s.budget = 12500 * time.Microsecond }},
		{inferCall(infer, inJSON, nil, "Grpc-Timeout", "40m"), func(s *seen) { s.budget = 40 * time.Millisecond }},
		{inferCall(infer, inJSON, nil, "X-Request-Timeout-Ms", "99999"), func(*seen) {}},
		{inferCall(infer, withTimeout, nil), func(s *seen) { s.budget, s.timeout, s.priority = 30*time.Millisecond, 30*time.Millisecond, 3 }},
		{inferCall(infer, withTimeout, nil, "X-Request-Timeout-Ms", "20"), func(s *seen) { s.budget, s.timeout, s.priority = 20*time.Millisecond, 30*time.Millisecond, 3 }},
		{inferCall(infer, withTimeout, nil, "X-Request-Timeout-Ms", "50"), func(s *seen) { s.budget, s.timeout, s.priority = 30*time.Millisecond, 30*time.Millisecond, 3 }},
	}
	inFakeTimeWith(t, cfg, descending, func(t *testing.T, m memory) {
		for _, c := range cases {
			want := seen{model: "sums", id: "i-1", budget: cfg.Budget.Max}
			c.want(&want)
			if res := m.do(t, c.call); fmt.Sprint(service.seen) != fmt.Sprint(want) {
				t.Errorf("%q %s: status %d\n got %+v\nwant %+v", c.call.headers, c.call.body, res.StatusCode(), service.seen, want)
			}
		}
	})
}

func TestAnInferenceThatCannotBeIsRefused(t *testing.T) {
	m, service := serveSums(t)
	with := func(headers ...string) call { return inferCall(infer, inJSON, nil, headers...) }
	for _, c := range []struct {
		call   call
		status int
		code   string
		words  string
	}{
		{inferCall(infer, ``, nil), 400, "invalid_request", "byte 0: the text ends where an object was expected"},
		{inferCall(infer, `{}`, nil), 400, "invalid_request", "inputs: missing"},
		{with(oip.HeaderLength, "all"), 400, "invalid_request", "Inference-Header-Content-Length: all: must be a number of bytes"},
		{with(oip.HeaderLength, "-5"), 400, "invalid_request", "Inference-Header-Content-Length: -5: must be a number of bytes"},
		{with(oip.HeaderLength, "0"), 400, "invalid_request", "Inference-Header-Content-Length: 0: must be positive"},
		{with(oip.HeaderLength, "99999"), 400, "invalid_request", "Inference-Header-Content-Length: 99999: the body has 87 bytes"},
		{with("X-Request-Timeout-Ms", "0"), 400, "invalid_request", "X-Request-Timeout-Ms: 0: must be a number of milliseconds above 0"},
		{with("X-Canary", "Always"), 400, "invalid_request", "X-Canary: Always: must be always or never"},
		{with("X-Criticality", "high"), 400, "invalid_request", "X-Criticality: high: must be critical_plus, critical, sheddable_plus or sheddable"},
		{with("Content-Encoding", "br"), 415, "invalid_request", "Content-Encoding: br is not known; gzip, deflate, zstd and identity are"},
		{inferCall(infer, `{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}}]}`, nil), 400, "invalid_request",
			"inputs[0]: parameters.shared_memory_region: tensors in shared memory can't be passed on to another machine"},
		{inferCall(infer, `{"inputs":[{"name":"x","shape":[1,1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]}`, []byte("\x01\x00\x00\x00\xff")), 400, "invalid_request",
			`outputs[1] \"same\": holds bytes that are no UTF-8 text: ask for it as binary_data`},
		{inferCall("/v2/models/sums/versions/9/infer", inJSON, nil), 404, "unknown_model", "model sums 9: not in the repository"},
		{inferCall(infer, strings.Repeat(" ", 5<<20), nil), 413, "too_large", "body: more than 4194304 bytes (limits.body)"},
	} {
		res := m.do(t, c.call)
		want := fmt.Sprintf(`{"error":"%s","code":"%s"}`, c.words, c.code)
		if res.StatusCode() != c.status || string(res.Body()) != want {
			t.Errorf("%q %.80s\n got %d %s\nwant %d %s", c.call.headers, c.call.body, res.StatusCode(), res.Body(), c.status, want)
		}
	}
	for code, status := range statuses {
		service.fail = rank.Errorf(rank.Code(code), "why")
		res := m.do(t, with())
		if retry := string(res.Header.Peek("Retry-After")); res.StatusCode() != status || (retry == "1") != (status == 429) {
			t.Errorf("%v: got %d, Retry-After %q; want %d", rank.Code(code), res.StatusCode(), retry, status)
		}
	}
}

func TestAnInferenceEndsWithItsBudget(t *testing.T) {
	service := &sums{fail: errors.New("the context's")}
	service.during = func(ctx context.Context, _ *oip.Message) { <-ctx.Done() }
	cfg := DefaultConfig()
	cfg.Inference = service
	inFakeTimeWith(t, cfg, descending, func(t *testing.T, m memory) {
		start := time.Now()
		res := m.do(t, inferCall(infer, inJSON, nil, "X-Request-Timeout-Ms", "70"))
		const want = `{"error":"no answer within the budget","code":"deadline_exceeded"}`
		if took := time.Since(start); res.StatusCode() != 504 || string(res.Body()) != want || took != 70*time.Millisecond {
			t.Errorf("after %v: %d %s; want after 70ms 504 %s", took, res.StatusCode(), res.Body(), want)
		}
	})
	m, service := serveSums(t)
	res := m.do(t, inferCall(infer, inJSON, nil, "Grpc-Timeout", "1n"))
	const want = `{"error":"the budget of 1ns was over when the request had been read","code":"deadline_exceeded"}`
	if res.StatusCode() != 504 || string(res.Body()) != want || service.calls != 0 {
		t.Errorf("got %d %s after %d calls; want 504 %s after none", res.StatusCode(), res.Body(), service.calls, want)
	}
}

func TestAMessageIsWholeUntilItsLastReaderIsDone(t *testing.T) {
	m, service := serveSums(t)
	var loser *oip.Message
	service.during = func(_ context.Context, message *oip.Message) {
		message.Retain()
		loser = message
	}
	ask := inferCall(infer, fmt.Sprintf(inBinary, ""), fourFloats(), "X-User-Id", "u-7")
	if res := m.do(t, ask); res.StatusCode() != 200 {
		t.Fatalf("got %d %s; want 200", res.StatusCode(), res.Body())
	}
	if held := m.Stats().BodiesHeld.Load(); held != int64(len(ask.body)) {
		t.Errorf("%d bytes are held while an attempt reads them; want %d", held, len(ask.body))
	}
	service.during = nil
	for range 10 {
		m.do(t, inferCall(infer, strings.Replace(inJSON, "i-1", "other", 1), nil))
		m.do(t, inferCall(infer, fmt.Sprintf(inBinary, ""), floats(9, 9, 9, 9)))
	}
	if !slices.Equal(loser.Inputs[0].Raw, fourFloats()) || loser.ID != "i-1" || loser.User != "u-7" || loser.Model != "sums" {
		t.Errorf("the message of an attempt that goes on became %+v", loser.Request)
	}
	loser.Release()
	if held := m.Stats().BodiesHeld.Load(); held != 0 {
		t.Errorf("%d bytes are held after the last attempt; want none", held)
	}
}

func TestAPanicInAServiceIsAnAnswerAndHoldsNothing(t *testing.T) {
	m, service := serveSums(t)
	service.during = func(context.Context, *oip.Message) { panic("for the test") }
	res := m.do(t, inferCall(infer, inJSON, nil))
	const want = `{"error":"the request failed inside the gateway; its log says why","code":"unavailable"}`
	if res.StatusCode() != 503 || string(res.Body()) != want || m.Stats().BodiesHeld.Load() != 0 || m.Stats().InFlight.Load() != 0 {
		t.Errorf("got %d %s, %d bytes held, %d in flight; want 503 %s and none", res.StatusCode(), res.Body(),
			m.Stats().BodiesHeld.Load(), m.Stats().InFlight.Load(), want)
	}
}

func TestAServiceSeesThatItsCallerHasLeft(t *testing.T) {
	service, entered, left := &sums{}, make(chan bool), make(chan bool)
	service.during = func(_ context.Context, m *oip.Message) {
		entered <- m.Gone()
		<-left
		for !m.Gone() {
			runtime.Gosched()
		}
		left <- true
	}
	cfg := DefaultConfig()
	cfg.Inference = service
	p := dialTCP(t, serveTCP(t, newServer(t, cfg, descending)))
	p.write(t, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%s", infer, len(inJSON), inJSON))
	if <-entered {
		t.Error("Gone() is true before the caller has left")
	}
	_ = p.Close()
	left <- true
	<-left
}
