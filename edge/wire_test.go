package edge

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/edge/wiretest"
)

const marker = wiretest.Marker

// answers sends raw at once, closes its half, and returns the answers' statuses.
func (m memory) answers(t *testing.T, raw string) (statuses []int) {
	t.Helper()
	p := m.dial(t)
	sent := make(chan struct{})
	go func() { defer close(sent); _, _ = p.Write([]byte(raw)) }() // the pipe is closed when the server has had enough
	defer func() { _ = p.Close(); <-sent }()
	for {
		res := p.tryRead()
		if res == nil {
			return statuses
		}
		statuses = append(statuses, res.StatusCode())
		if len(statuses) > strings.Count(raw, " HTTP/") || res.ConnectionClose() && p.tryRead() == nil {
			return statuses
		}
		if strings.HasSuffix(raw, marker) && len(statuses) == 2 {
			return statuses
		}
	}
}

func TestNothingIsAnsweredAfterAnAmbiguousRequest(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Header, cfg.Limits.Body = 2<<10, 64<<10
	m := serveInMemory(t, newServer(t, cfg, descending))
	if n := len(wiretest.Ambiguous()); n < 60 {
		t.Errorf("the corpus holds %d requests; want at least 60", n)
	}
	for _, raw := range wiretest.Ambiguous() {
		for _, before := range []string{"", marker} { // alone, and pipelined
			got := m.answers(t, before+raw+marker)
			want := make([]int, 0, 2)
			if before != "" {
				want = append(want, 200)
			}
			refused := len(got) == len(want)+1 && (got[len(want)] == 400 || got[len(want)] == 431)
			if !refused || !slices.Equal(got[:len(want)], want) {
				t.Errorf("%.200q after %q: answered with %v; want %v and a 400", raw, before, got, want)
			}
		}
	}
}

func TestRequestsWithOneMeaningAreAnsweredWithWhatFollows(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	for _, raw := range wiretest.Unambiguous() {
		if got := m.answers(t, raw+marker); !slices.Equal(got, []int{200, 200}) {
			t.Errorf("%.200q: answered with %v; want [200 200]", raw, got)
		}
	}
}

func TestAWireSaysTheSameHoweverTheBytesAreCut(t *testing.T) {
	for i, raw := range append(wiretest.Ambiguous(), wiretest.Unambiguous()...) {
		raw += marker
		var whole wire
		whole.feed([]byte(raw))
		if ok := i >= len(wiretest.Ambiguous()); (whole.wrong == "") != ok && len(raw) < 2<<10 {
			t.Errorf("%.200q: %q", raw, whole.wrong)
		}
		for cut := range min(len(raw), 1<<10) {
			var w wire
			if w.feed([]byte(raw[:cut])) == cut && w.wrong == "" {
				w.feed([]byte(raw[cut:]))
			}
			if w.wrong != whole.wrong || w.stage != whole.stage && w.wrong == "" {
				t.Errorf("%.200q, cut after %d: %q; want %q", raw, cut, w.wrong, whole.wrong)
			}
		}
	}
}

func TestAWireAgreesWithAnotherReaderOfRequests(t *testing.T) {
	for _, raw := range wiretest.Unambiguous() {
		r := bufio.NewReader(strings.NewReader(strings.TrimLeft(raw, "\r\n") + marker))
		for _, path := range []string{"", "/healthz"} {
			req, err := http.ReadRequest(r)
			if err != nil {
				t.Fatalf("%.200q: %v", raw, err)
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil || path != "" && req.URL.Path != path {
				t.Errorf("%.200q: the request after it is for %s, %v", raw, req.URL.Path, err)
			}
		}
	}
}

// FuzzWire feeds any bytes to a wire, and what passes to fasthttp: both must count
// as many requests.
func FuzzWire(f *testing.F) {
	for _, raw := range append(wiretest.Ambiguous(), wiretest.Unambiguous()...) {
		f.Add([]byte(raw + marker))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var w wire
		n := w.feed(slices.Clone(data))
		if n > len(data) || w.wrong == "" && n != len(data) {
			t.Fatalf("%d of %d bytes pass, %q", n, len(data), w.wrong)
		}
		if w.wrong != "" || w.stage != atRequest || len(w.line) > 0 {
			return // refused, or not complete
		}
		r := bufio.NewReaderSize(strings.NewReader(string(data)), 1<<20)
		for read := uint64(0); ; read++ {
			var req fasthttp.Request
			err := req.Read(r)
			if err == nil && req.MayContinue() {
				err = req.ContinueReadBody(r, 1<<20)
			}
			if errors.Is(err, io.EOF) && read != w.ended {
				t.Fatalf("%q: fasthttp reads %d requests; want %d", data, read, w.ended)
			}
			if err != nil {
				return // all are read, or one is refused by fasthttp and ends the connection
			}
		}
	})
}

func TestAChunkWithEndlessExtensionsIsRefused(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	p := m.dial(t)
	p.write(t, "POST /rank HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n1")
	for range 2 * maxChunkLine {
		if _, err := p.Write([]byte(";")); err != nil {
			break // closed by the server
		}
	}
	if res := p.read(t); res.StatusCode() != 400 || !strings.Contains(string(res.Body()), "extensions are too long") {
		t.Errorf("got %d %s; want 400", res.StatusCode(), res.Body())
	}
}

func TestHeadersWithoutAnEndAreCutOff(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	for name, piece := range map[string]string{"one header": "x", "many headers": "X: y\r\n"} {
		p := m.dial(t)
		go func(c net.Conn) {
			_, _ = c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: g\r\nX: y"))
			for range 1 << 20 {
				if _, err := c.Write([]byte(piece)); err != nil {
					return
				}
			}
		}(p)
		if res := p.read(t); res.StatusCode() != 431 || !strings.Contains(string(res.Body()), "limits.header") {
			t.Errorf("%s: got %d %s; want 431", name, res.StatusCode(), res.Body())
		}
	}
}

func TestAWireAllocatesNothing(t *testing.T) {
	var w wire
	raw := []byte(strings.Join(wiretest.Unambiguous(), ""))
	feed := func() {
		for half := range slices.Chunk(raw, 1+len(raw)/3) {
			w.feed(half)
		}
	}
	feed()
	if n := testing.AllocsPerRun(20, feed); n != 0 || w.wrong != "" {
		t.Errorf("%v allocations, %q; want none", n, w.wrong)
	}
}

// BenchmarkWire is what following the wire costs one request with the headers of
// a usual client.
func BenchmarkWire(b *testing.B) {
	body := plainBody(200)
	raw := []byte(strings.Replace(rawPost(body), "\r\n\r\n", "\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n"+
		"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Request-Id: 4bf92f35-77b3-4da6-a3ce\r\n\r\n", 1))
	var w wire
	b.ReportAllocs()
	for b.Loop() {
		w.feed(raw)
	}
}
