package edge

import (
	"bytes"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// bench is one request after another through the handler's own code, without
// a connection and without the pool, which the race detector empties at random.
type bench struct {
	s      *Server
	x      *exchange
	c      *conn
	ctx    fasthttp.RequestCtx
	stream bytes.Reader
}

func newBench(t testing.TB) *bench {
	b := &bench{s: newServer(t, DefaultConfig(), descending), x: new(exchange), c: new(conn)}
	b.ctx.Init2(nil, nil, false)
	b.ctx.Request.Header.SetMethod("POST")
	b.ctx.Request.Header.SetContentType("application/json")
	b.ctx.Request.Header.Set("X-Model-Version", "3")
	b.ctx.Request.Header.Set("X-Request-Id", "r-1")
	return b
}

func (b *bench) run(t testing.TB, body []byte, encoding string) {
	b.stream.Reset(body)
	b.ctx.Request.SetBodyStream(&b.stream, len(body))
	b.ctx.Request.Header.Set("Content-Encoding", encoding)
	if r := b.s.work(&b.ctx, b.c, b.x, nil); r != nil {
		t.Fatal(r.message)
	}
	b.s.answer(&b.ctx, b.x)
	b.x.reset()
	b.ctx.Response.Reset()
}

func TestAnUnusuallyLargeRequestLeavesNoMemoryInThePool(t *testing.T) {
	b := newBench(t)
	b.s.cfg.Limits.Features = 1 << 16
	for _, body := range []string{
		`{"user":"` + strings.Repeat("u", 2<<20) + `","items":["` + strings.Repeat("i", 1<<20) + `"]}`,
		`{"user":"1","items":["2"],"context":{` + numbered(1<<16) + `}}`,
		`{"user":"1","items":["2"],"context":{"v":[` + strings.Repeat("1,", 1<<20) + `1]}}`,
	} {
		b.run(t, []byte(body), "")
		b.run(t, []byte(gzipOf(t, body)), "gzip")
		x := b.x
		for name, kept := range map[string]int{
			"body": cap(x.body), "spare": cap(x.spare), "words": cap(x.words), "out": cap(x.out),
			"Fields": 64 * cap(x.req.Fields), "Context": 64 * cap(x.req.Context), "Floats": 4 * cap(x.req.Floats),
			"names": 8 * cap(x.decoder.names.slots),
		} {
			if kept > 1<<20 {
				t.Errorf("after %.30s…: %s keeps %d bytes; want at most 1 MiB", body, name, kept)
			}
		}
	}
}

// BenchmarkRequest200 is everything that edge does for a request but sockets
// and HTTP.
func BenchmarkRequest200(b *testing.B) {
	bench, body := newBench(b), []byte(plainBody(200))
	b.ReportAllocs()
	for b.Loop() {
		bench.run(b, body, "")
	}
}
