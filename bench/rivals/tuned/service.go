package main

import (
	"context"
	"errors"
	"sync"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/redis/rueidis"
	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// service answers requests for rankings.
type service struct {
	client rueidis.Client
	passes chan *pass // one for each core; taken for a pass and put back
	pool   sync.Pool  // of *work
}

// work is the memory of one request, kept for the next.
type work struct {
	request contract.Request // its strings are views of the request's body
	text    []byte           // of all keys
	keys    []string         // views of text
	order   []uint64         // see order.go
	body    []byte
}

// decoder makes strings that are views of what it reads. It takes half the time of
// fastjson with a pool of parsers.
var decoder = sonic.ConfigFastest

func (s *service) handle(ctx *fasthttp.RequestCtx) {
	switch {
	case ctx.IsPost() && string(ctx.Path()) == "/rank":
		s.rank(ctx)
	case ctx.IsGet() && string(ctx.Path()) == "/healthz":
	default:
		ctx.SetStatusCode(fasthttp.StatusNotFound)
	}
}

func (s *service) rank(ctx *fasthttp.RequestCtx) {
	w, ok := s.pool.Get().(*work)
	if !ok {
		w = &work{}
	}
	body := ctx.PostBody()
	if err := decoder.UnmarshalFromString(unsafe.String(unsafe.SliceData(body), len(body)), &w.request); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	if len(w.request.Items) == 0 {
		ctx.Error("items: there are none", fasthttp.StatusBadRequest)
		return
	}
	if err := s.answer(w); err != nil {
		// w is not pooled again: the client may still be writing its keys.
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	w.body = ctx.Response.SwapBody(w.body)
	w.reset()
	s.pool.Put(w)
}

// answer makes the body of the answer to the request in w.
func (s *service) answer(w *work) error {
	w.makeKeys()
	// No deadline: the client has one for each of its connections.
	values, err := s.client.Do(context.Background(), s.client.B().Mget().Key(w.keys...).Build()).ToArray()
	if err != nil {
		return err
	}
	if len(values) != len(w.keys) {
		return errors.New("MGET: there are not as many values as keys")
	}
	if err := s.score(w, values); err != nil {
		return err
	}
	w.body = appendAnswer(w.body[:0], w.request.Items, w.order)
	return nil
}

func (s *service) score(w *work, values []rueidis.RedisMessage) error {
	p := <-s.passes
	defer func() { s.passes <- p }()
	scores, err := p.run(values)
	if err != nil {
		return err
	}
	w.order, err = appendOrder(w.order[:0], scores)
	return err
}

// makeKeys makes the keys of the user's row and the items'. Where text grows, the keys
// made before stay views of the memory that it had.
func (w *work) makeKeys() {
	w.text, w.keys = w.text[:0], w.keys[:0]
	w.makeKey(contract.UserPrefix, w.request.User)
	for _, id := range w.request.Items {
		w.makeKey(contract.ItemPrefix, id)
	}
}

func (w *work) makeKey(prefix, id string) {
	start := len(w.text)
	w.text = append(append(w.text, prefix...), id...)
	key := w.text[start:]
	w.keys = append(w.keys, unsafe.String(unsafe.SliceData(key), len(key)))
}

// reset forgets the request: sonic leaves an element as it is where the next request
// has null, and views would keep the body of this one.
func (w *work) reset() {
	clear(w.request.Items)
	w.request = contract.Request{Items: w.request.Items[:0]}
}
