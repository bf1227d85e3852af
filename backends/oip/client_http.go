package oip

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// httpClient speaks HTTP to one server.
type httpClient struct {
	peer
	cfg   Config
	conns *conns

	// plain is set if the server has said that it does not know binary tensors. Probes
	// write it, each Infer reads it once.
	plain atomic.Bool
}

// DialHTTP returns a client for the server at address, host:port. It connects when it
// is first used.
func DialHTTP(address string, cfg Config) Client {
	cfg = cfg.of(address)
	return &httpClient{peer: peer{cfg.Pool, address}, cfg: cfg, conns: newConns(address, cfg)}
}

func (c *httpClient) Close() error {
	c.conns.close()
	return nil
}

// call is one exchange over HTTP.
type call struct {
	header fasthttp.RequestHeader
	json   []byte
	tail   []Tensor // whose bytes follow the JSON
	once   bool
}

func (c *httpClient) Infer(ctx context.Context, m *Message) (*Reply, error) {
	out := calls.Get().(*call)
	defer calls.Put(out)
	rest := left(ctx)
	r, binary := m.outgoing(rest), !c.plain.Load()
	var err error
	if out.json, err = appendRequestHeader(out.json[:0], &r, binary); err != nil {
		return nil, c.errorf(rank.InvalidRequest, "%v", err)
	}
	out.begin(fasthttp.MethodPost, c.cfg.Authority, path(r.Model, r.Version, "/infer"))
	out.once, out.tail = m.Once, nil
	length := len(out.json)
	out.header.SetContentType("application/json") // MLServer insists on it
	if binary {
		out.header.SetContentType("application/octet-stream")
		out.tail = r.Inputs
		for i := range r.Inputs {
			length += len(r.Inputs[i].Raw)
		}
		out.header.Set(HeaderLength, strconv.Itoa(len(out.json)))
	}
	out.header.SetContentLength(length)
	if rest > 0 {
		out.header.Set("X-Request-Timeout-Ms", strconv.FormatFloat(rest.Seconds()*1e3, 'f', 3, 64))
	}
	for _, h := range m.Headers {
		out.header.Set(h.Name, h.Value)
	}
	response, err := c.do(ctx, out)
	out.tail = nil
	if err != nil {
		return nil, err
	}
	return c.reply(response)
}

// reply reads an answer, whose memory it then owns.
func (c *httpClient) reply(response *fasthttp.Response) (*Reply, error) {
	reply := replies.Get().(*Reply)
	reply.http = response
	length := NoHeaderLength
	var err error
	if given := response.Header.Peek(HeaderLength); len(given) > 0 {
		length, err = strconv.Atoi(view(given))
	}
	if err == nil {
		err = DecodeResponse(response.Body(), length, &reply.Response)
	}
	if err != nil {
		err = c.errorf(rank.Unavailable, "unreadable answer: %v", err)
		reply.Release()
		return nil, err
	}
	return reply, nil
}

func (c *httpClient) Ready(ctx context.Context, model, version string) error {
	if err := c.learn(ctx); err != nil {
		return err
	}
	where := "/v2/health/ready"
	if model != "" {
		where = path(model, version, "/ready")
	}
	response, err := c.get(ctx, where)
	if err != nil {
		return err
	}
	fasthttp.ReleaseResponse(response)
	return nil
}

// learn asks which extensions the server knows.
func (c *httpClient) learn(ctx context.Context) error {
	response, err := c.get(ctx, "/v2")
	var refusal *rank.Error
	if errors.As(err, &refusal) && refusal.Code == rank.UnknownModel {
		c.plain.Store(true) // it does not say, so it gets what every server must know
		return nil
	}
	if err != nil {
		return err
	}
	defer fasthttp.ReleaseResponse(response)
	var server struct {
		Extensions []string `json:"extensions"`
	}
	if err := json.Unmarshal(response.Body(), &server); err != nil {
		return c.errorf(rank.Unavailable, "GET /v2: %v", err)
	}
	c.plain.Store(!slices.Contains(server.Extensions, "binary_tensor_data"))
	return nil
}

func (c *httpClient) Metadata(ctx context.Context, model, version string) (*Metadata, error) {
	if err := c.learn(ctx); err != nil {
		return nil, err
	}
	where := path(model, version, "")
	response, err := c.get(ctx, where)
	if err != nil {
		return nil, err
	}
	defer fasthttp.ReleaseResponse(response)
	var said struct {
		Name     string           `json:"name"`
		Versions []string         `json:"versions"`
		Platform string           `json:"platform"`
		Inputs   []tensorMetadata `json:"inputs"`
		Outputs  []tensorMetadata `json:"outputs"`
	}
	if err := json.Unmarshal(response.Body(), &said); err != nil {
		return nil, c.errorf(rank.Unavailable, "GET %s: %v", where, err)
	}
	m := &Metadata{Name: said.Name, Versions: said.Versions, Platform: said.Platform}
	if m.Inputs, err = tensorsOf(said.Inputs); err == nil {
		m.Outputs, err = tensorsOf(said.Outputs)
	}
	if err != nil {
		return nil, c.errorf(rank.Unavailable, "GET %s: %v", where, err)
	}
	return m, nil
}

func tensorsOf(said []tensorMetadata) ([]Tensor, error) {
	tensors := make([]Tensor, len(said))
	for i := range said {
		var err error
		if tensors[i], err = said[i].tensor(); err != nil {
			return nil, err
		}
	}
	return tensors, nil
}

func (c *httpClient) get(ctx context.Context, where string) (*fasthttp.Response, error) {
	out := calls.Get().(*call)
	defer calls.Put(out)
	out.begin(fasthttp.MethodGet, c.cfg.Authority, where)
	out.json, out.once = out.json[:0], false
	return c.do(ctx, out)
}

// do sends a call and returns its answer, which has the status 200. A call that finds its
// idle connection closed is sent again on a new one.
func (c *httpClient) do(ctx context.Context, out *call) (*fasthttp.Response, error) {
	response := fasthttp.AcquireResponse()
	again, err := c.exchange(ctx, out, response, false)
	if again && !out.once && ctx.Err() == nil {
		_, err = c.exchange(ctx, out, response, true)
	}
	switch {
	case Unsent(err) || errors.Is(err, context.Canceled):
	case err != nil:
		err = c.failed(ctx, c.bounded(err))
	case response.StatusCode() != fasthttp.StatusOK:
		err = c.answered(response.StatusCode(), said(response.Body()))
	case len(response.Header.ContentEncoding()) > 0:
		err = c.errorf(rank.Unavailable, "the answer is encoded as %q, which was not asked for", response.Header.ContentEncoding())
	}
	if err != nil {
		fasthttp.ReleaseResponse(response)
		return nil, err
	}
	return response, nil
}

// exchange sends a call on one connection. stale says that the connection was one used
// before, which the server closed without a byte of an answer.
func (c *httpClient) exchange(ctx context.Context, out *call, response *fasthttp.Response, fresh bool) (stale bool, err error) {
	conn, err := c.conns.take(ctx, fresh)
	if err != nil {
		return false, c.noConnection(ctx, err)
	}
	reused, before := !conn.used.IsZero(), conn.got
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		conn.Close()
		return reused, err
	}
	// Nothing below sets a deadline again, or it could undo this one.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	err = out.write(conn)
	if err == nil {
		err = response.ReadLimitBody(conn.r, c.cfg.MaxResponse)
	}
	stale = reused && conn.got == before && closedByPeer(err)
	whole := stop() && err == nil && conn.r.Buffered() == 0
	if whole && !response.ConnectionClose() {
		c.conns.put(conn)
	} else {
		conn.Close()
	}
	return stale, err
}

// past is a deadline that ends what is being read or written.
var past = time.Unix(1, 0)

func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// bounded names the limit that an answer has gone beyond. Of an answer that can't be read
// it leaves out what fasthttp shows of its headers: they are not for callers.
func (c *httpClient) bounded(err error) error {
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return c.tooLong(c.cfg.MaxResponse)
	case errors.As(err, &small):
		return fmt.Errorf("the answer's headers have more than %d bytes", c.cfg.MaxHeader)
	default:
		words, _, _ := strings.Cut(err.Error(), ": buffer size=")
		return errors.New(clipLine(words))
	}
}

// said is the error in the body of an answer.
func said(body []byte) string {
	var e struct {
		Error  string `json:"error"`
		Detail string `json:"detail"`
	}
	if json.Unmarshal(body, &e) == nil && e.Error+e.Detail != "" {
		return e.Error + e.Detail
	}
	return clipLine(string(body[:min(len(body), 1<<10)]))
}

var calls = sync.Pool{New: func() any { return new(call) }}

func (out *call) begin(method, host, where string) {
	out.header.Reset()
	out.header.SetMethod(method)
	out.header.SetHost(host)
	out.header.SetRequestURI(where)
	out.header.SetNoDefaultContentType(true)
}

func (out *call) write(conn *conn) error {
	if err := out.header.Write(conn.w); err != nil {
		return err
	}
	_, err := conn.w.Write(out.json)
	for i := range out.tail {
		if err == nil {
			_, err = conn.w.Write(out.tail[i].Raw)
		}
	}
	if err == nil {
		err = conn.w.Flush()
	}
	return err
}

// path returns the path of a model, and what of it.
func path(model, version, what string) string {
	var b strings.Builder
	b.WriteString("/v2/models/")
	b.WriteString(url.PathEscape(model))
	if version != "" {
		b.WriteString("/versions/")
		b.WriteString(url.PathEscape(version))
	}
	b.WriteString(what)
	return b.String()
}
