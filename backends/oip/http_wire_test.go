package oip_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/rank"
)

// rawServer answers the n-th request on each of its connections with what say returns,
// as it is. "" closes the connection.
func rawServer(t *testing.T, say func(connection, request int) string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		listener.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go serveRaw(c, func(request int) string { return say(n, request) })
		}
	}()
	return listener.Addr().String()
}

func serveRaw(c net.Conn, say func(request int) string) {
	defer c.Close()
	r := bufio.NewReader(c)
	for n := 0; ; n++ {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		words := say(n)
		if _, err := io.WriteString(c, words); words == "" || err != nil {
			return
		}
	}
}

// answered is an answer with the score 2 for one row.
func answered(headers string) string {
	body := `{"model_name":"linear","outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[2]}]}`
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", headers, len(body), body)
}

func TestAnIdleConnectionThatWasClosedCostsNoCall(t *testing.T) {
	address := rawServer(t, func(_, request int) string {
		if request > 0 {
			return "" // the server's patience ended as the second request came
		}
		return answered("")
	})
	c := oip.DialHTTP(address, oip.Config{Pool: "gpu"})
	defer c.Close()
	for range 5 {
		reply, err := c.Infer(t.Context(), message(1))
		if err != nil {
			t.Fatal(err)
		}
		reply.Release()
	}
	once := message(1)
	once.Once = true
	_, err := c.Infer(t.Context(), once)
	fails(t, err, rank.Unavailable)
	if oip.Unsent(err) {
		t.Error("the server has seen the call, but the error says it has not")
	}
}

func TestAnAnswerThatWasNotAskedForIsNotTakenForTheNext(t *testing.T) {
	address := rawServer(t, func(connection, _ int) string {
		if connection == 0 {
			return answered("") + strings.Replace(answered(""), "[2]", "[7]", 1)
		}
		return answered("")
	})
	c := oip.DialHTTP(address, oip.Config{Pool: "gpu"})
	defer c.Close()
	for range 5 {
		reply, err := c.Infer(t.Context(), message(1))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(reply.Outputs[0].JSON); got != "[2]" {
			t.Fatalf("the answer is %s; want [2]", got)
		}
		reply.Release()
	}
}

func TestEndlessHeadersEndAtTheLimit(t *testing.T) {
	address := rawServer(t, func(int, int) string { return answered("X-Long: " + strings.Repeat("x", 5000) + "\r\n") })
	c := oip.DialHTTP(address, oip.Config{Pool: "gpu", MaxHeader: 4096})
	defer c.Close()
	_, err := c.Infer(t.Context(), message(1))
	fails(t, err, rank.Unavailable, "headers have more than 4096 bytes")
}

func TestNonsenseIsNoAnswer(t *testing.T) {
	for _, words := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
		answered("Content-Encoding: gzip\r\n"),
		answered("Inference-Header-Content-Length: 10\r\n"),
		answered("Inference-Header-Content-Length: x\r\n"),
		"no HTTP at all\r\n\r\n",
	} {
		address := rawServer(t, func(int, int) string { return words })
		c := oip.DialHTTP(address, oip.Config{Pool: "gpu"})
		_, err := c.Infer(t.Context(), message(1))
		fails(t, err, rank.Unavailable, "pool gpu: "+address)
		c.Close()
	}
}

func TestARefusedConnectionSaysThatNothingWasSent(t *testing.T) {
	address := childtest.FreeAddress(t)
	overGRPC, err := oip.DialGRPC(address, oip.Config{Pool: "gpu"})
	for name, c := range map[string]oip.Client{
		"HTTP": dialed(t, oip.DialHTTP(address, oip.Config{Pool: "gpu"}), nil), "gRPC": dialed(t, overGRPC, err),
	} {
		_, err := c.Infer(t.Context(), message(1))
		fails(t, err, rank.Unavailable, address)
		if !oip.Unsent(err) {
			t.Errorf("%s: %v: does not say that nothing was sent", name, err)
		}
	}
}

func TestACancelledCallEndsTheConnection(t *testing.T) {
	var reads atomic.Int32
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reads.Add(1)
		<-r.Context().Done()
		close(gone)
	}))
	defer server.Close()
	c := oip.DialHTTP(strings.TrimPrefix(server.URL, "http://"), oip.Config{Pool: "gpu"})
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Infer(ctx, message(1))
		ended <- err
	}()
	await(t, "the server has the call", func() bool { return reads.Load() == 1 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v; want that it was cancelled", err)
	}
	<-gone
}

func TestThePassOfTimeAndTheHeadersReachTheServer(t *testing.T) {
	seen := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	c := oip.DialHTTP(strings.TrimPrefix(server.URL, "http://"), oip.Config{Pool: "gpu"})
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	m := message(1)
	m.Headers = []oip.Header{{Name: "traceparent", Value: "00-1-2-01"}, {Name: "X-Evil", Value: "a\r\nInjected: b"}}
	_, err := c.Infer(ctx, m)
	fails(t, err, rank.Unavailable, "418")
	h := <-seen
	if h.Get("Traceparent") != "00-1-2-01" || h.Get("Injected") != "" || !strings.HasPrefix(h.Get("X-Request-Timeout-Ms"), "3599") {
		t.Errorf("headers %v", h)
	}
}

func TestServersAreSpokenToUnderTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"extensions":["binary_tensor_data"]}`)
	}))
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	address := strings.TrimPrefix(server.URL, "https://")
	c := oip.DialHTTP(address, oip.Config{Pool: "gpu", TLS: &tls.Config{RootCAs: roots}})
	defer c.Close()
	for range 3 {
		if err := c.Ready(t.Context(), "", ""); err != nil {
			t.Fatal(err)
		}
	}
	stranger := oip.DialHTTP(address, oip.Config{Pool: "gpu", TLS: &tls.Config{}})
	defer stranger.Close()
	fails(t, stranger.Ready(t.Context(), "", ""), rank.Unavailable, "certificate")
}
