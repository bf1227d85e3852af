package oiptest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/backends/oip"
)

// handle answers over HTTP.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	if s.faults.Load().BlackHole {
		s.failed.Add(1)
		if bytes.HasSuffix(ctx.Path(), []byte("/infer")) {
			s.swallowed.Add(1)
		}
		swallow(ctx)
		return
	}
	where := strings.TrimPrefix(string(ctx.Path()), "/v2")
	what, ofModel := strings.CutPrefix(where, "/models/")
	switch {
	case ofModel:
		s.handleModel(ctx, what)
	case where == "" || where == "/":
		answer(ctx, map[string]any{"name": "oiptest", "version": "1", "extensions": []string{"binary_tensor_data"}})
	case where == "/health/live":
	case where == "/health/ready":
		s.handleReady(ctx)
	default:
		refuse(ctx, &refusal{http.StatusNotFound, "no such path"})
	}
}

func (s *Server) handleModel(ctx *fasthttp.RequestCtx, where string) {
	name, what, _ := strings.Cut(where, "/")
	if rest, ok := strings.CutPrefix(what, "versions/"); ok {
		var version string
		if version, what, _ = strings.Cut(rest, "/"); version != s.cfg.Version {
			name = ""
		}
	}
	switch {
	case name != s.cfg.Model:
		refuse(ctx, &refusal{http.StatusNotFound, "Request for unknown model: '" + where + "' is not found"})
	case what == "infer":
		s.handleInfer(ctx)
	case what == "ready":
		s.handleReady(ctx)
	case what == "":
		answer(ctx, s.metadata())
	default:
		refuse(ctx, &refusal{http.StatusNotFound, "no such path"})
	}
}

func (s *Server) handleReady(ctx *fasthttp.RequestCtx) {
	s.probes.Add(1)
	if f := s.faults.Load(); f.NotReady || f.Status == http.StatusServiceUnavailable {
		refuse(ctx, &refusal{http.StatusServiceUnavailable, "not ready"})
	}
}

func (s *Server) handleInfer(ctx *fasthttp.RequestCtx) {
	e := exchanges.Get().(*exchange)
	defer exchanges.Put(e)
	length := oip.NoHeaderLength
	if given := ctx.Request.Header.Peek(oip.HeaderLength); given != nil {
		length, _ = strconv.Atoi(string(given)) // 0 is refused
	}
	if err := oip.DecodeRequest(ctx.PostBody(), length, &e.request); err != nil {
		refuse(ctx, &refusal{http.StatusBadRequest, err.Error()})
		return
	}
	var deadline time.Time
	if left, err := strconv.ParseFloat(string(ctx.Request.Header.Peek("X-Request-Timeout-Ms")), 64); err == nil {
		deadline = ctx.Time().Add(time.Duration(left * float64(time.Millisecond)))
	}
	s.arrive(ctx.Time(), deadline)
	if r := s.score(e, deadline, func() bool { return hasLeft(ctx.Conn()) }); r != nil {
		refuse(ctx, r)
		return
	}
	var err error
	if e.body, length, err = oip.AppendResponse(e.body[:0], &e.response, &e.request); err != nil {
		refuse(ctx, &refusal{http.StatusBadRequest, err.Error()})
		return
	}
	if length != oip.NoHeaderLength {
		ctx.Response.Header.Set(oip.HeaderLength, strconv.Itoa(length))
	}
	if f := s.faults.Load(); f.Truncate || f.Reset {
		s.failed.Add(1)
		breakOff(ctx, e.body, f.Reset)
		return
	}
	ctx.SetBody(e.body)
}

// swallow leaves a request without an answer until its caller goes away.
func swallow(ctx *fasthttp.RequestCtx) {
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// breakOff sends the headers and half of the body.
func breakOff(ctx *fasthttp.RequestCtx, body []byte, reset bool) {
	ctx.Response.Header.SetContentLength(len(body))
	half := slices.Concat(ctx.Response.Header.Header(), body[:len(body)/2])
	socket := ctx.Conn()
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) {
		_, _ = c.Write(half)
		if reset {
			abort(socket)
		}
	})
}

// abort makes closing a connection a reset.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// hasLeft reports whether the other side has closed a connection.
func hasLeft(c net.Conn) bool {
	if over, ok := c.(*tls.Conn); ok {
		c = over.NetConn() // a farewell in order is not seen
	}
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	left := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		left = n == 0 && err == nil || err != nil && err != syscall.EAGAIN
	})
	return left || err != nil
}

func refuse(ctx *fasthttp.RequestCtx, r *refusal) {
	answer(ctx, map[string]string{"error": r.words})
	ctx.SetStatusCode(r.status)
}

func answer(ctx *fasthttp.RequestCtx, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

// metadata is what the server says of its model.
func (s *Server) metadata() any {
	type tensor struct {
		Name     string  `json:"name"`
		Datatype string  `json:"datatype"`
		Shape    []int64 `json:"shape"`
	}
	inputs := make([]tensor, len(s.cfg.Inputs))
	for i, t := range s.cfg.Inputs {
		inputs[i] = tensor{t.Name, t.Type.String(), t.Shape}
	}
	return map[string]any{
		"name": s.cfg.Model, "versions": []string{s.cfg.Version}, "platform": "linear",
		"inputs": inputs, "outputs": []tensor{{s.cfg.Output, oip.FP32.String(), []int64{-1}}},
	}
}
