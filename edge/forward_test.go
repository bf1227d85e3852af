package edge

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/backends/oip"
)

// headersOf reads a request's headers as a server does.
func headersOf(t testing.TB, lines ...string) *fasthttp.RequestHeader {
	t.Helper()
	raw := "POST /v2/models/m/infer HTTP/1.1\r\nHost: g\r\n" + strings.Join(append(lines, "", ""), "\r\n")
	h := &fasthttp.RequestHeader{}
	if err := h.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	return h
}

func forwardedOf(h *fasthttp.RequestHeader) (list []string) {
	x := inference{message: oip.NewMessage(nil)}
	x.forward(h)
	for _, h := range x.message.Headers {
		list = append(list, fmt.Sprintf("%s: %s", h.Name, h.Value))
	}
	return list
}

func TestOnlyTraceContextAndTheRequestIDArePassedOn(t *testing.T) {
	h := headersOf(t,
		"Connection: close, X-Mine", "X-Mine: 1", "Keep-Alive: timeout=5", "Proxy-Authorization: Basic eA==", "Proxy-Connection: close",
		"TE: trailers", "Trailer: X-Late", "Upgrade: h2c", "Content-Length: 5", "Content-Type: application/json", "Authorization: Bearer k",
		"X-Api-Key: k", "Cookie: a=b", "Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4", "Expect: 100-continue",
		"Traceparent: 00-1-2-01", "TRACESTATE: a=b", "x-request-id: r-1")
	want := []string{"traceparent: 00-1-2-01", "tracestate: a=b", "X-Request-Id: r-1"}
	if got := forwardedOf(h); !slices.Equal(got, want) {
		t.Errorf("passed on: %q; want %q", got, want)
	}
}

func TestAHeaderThatConnectionNamesIsNotPassedOn(t *testing.T) {
	h := headersOf(t, "Connection: keep-alive", "Connection: upgrade,\tTraceState ", "traceparent: 1", "tracestate: 2")
	if got, want := forwardedOf(h), []string{"traceparent: 1"}; !slices.Equal(got, want) {
		t.Errorf("passed on: %q; want %q", got, want)
	}
}

func TestAHeaderOfUnusualLengthIsNotPassedOn(t *testing.T) {
	h := headersOf(t, "tracestate: "+strings.Repeat("x", MaxForwarded+1), "traceparent:", "X-Request-Id: "+strings.Repeat("x", MaxForwarded))
	if got := forwardedOf(h); len(got) != 1 || len(got[0]) != len("X-Request-Id: ")+MaxForwarded {
		t.Errorf("passed on: %.80q; want the request id alone", got)
	}
}
