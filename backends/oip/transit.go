package oip

import (
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/mem"

	"github.com/rankgate/rankgate/rank"
)

// Message is a request on its way to one or two servers. Whoever may still read it
// after the call that it was given to has returned holds a reference to it.
type Message struct {
	Request

	// Headers go to the server as they are: traceparent, a request id.
	Headers []Header

	// Once says that the model keeps state, so a call that may have reached a server
	// is never sent again, not even when the server closed an idle connection.
	Once bool

	// Share is the part of its pool's limit that calls like this may fill; 0 means all
	// of it.
	Share float64

	// What a caller's headers say of who asks, which a Service heeds.
	User   string           // X-User-Id: keeps to one side of a canary's split
	Canary rank.Canary      // X-Canary
	Class  rank.Criticality // X-Criticality
	Gone   func() bool      // whether the caller has left; may be nil

	refs atomic.Int32
	free func(*Message)

	mu   sync.Mutex
	raws []Tensor // guarded by mu: Inputs, with bytes in place of JSON; nil until needed
}

// Header is an HTTP header, or a gRPC metadata entry.
type Header struct{ Name, Value string }

// NewMessage returns a message with one reference. free is called when the last
// reference has been released; it may be nil.
func NewMessage(free func(*Message)) *Message {
	m := &Message{free: free}
	m.refs.Store(1)
	return m
}

// Reuse makes a message whose last reference has been released empty, with one
// reference again. What free is, and the memory, stay.
func (m *Message) Reuse() {
	m.Request.Reset()
	clear(m.Headers)
	m.Headers, m.Once, m.Share = m.Headers[:0], false, 0
	m.User, m.Canary, m.Class, m.Gone = "", rank.CanarySplit, rank.Critical, nil
	m.raws = nil // nobody else is left
	m.refs.Store(1)
}

// Address says which model of a server m is for. It reports false, and changes nothing,
// if it would have to change what somebody else may still read.
func (m *Message) Address(model, version string) bool {
	switch {
	case m.Model == model && m.Version == version:
		return true
	case m.shared():
		return false
	default:
		m.Model, m.Version = model, version
		return true
	}
}

// Rows is the largest first dimension of an input that has as many elements, which is
// how many rows most models take a message for; 1 if there is none.
func (m *Message) Rows() int {
	rows := 1
	for i := range m.Inputs {
		t := &m.Inputs[i]
		if n, err := t.Elements(); err == nil && len(t.Shape) > 0 && t.Shape[0] <= int64(n) {
			rows = max(rows, int(t.Shape[0]))
		}
	}
	return rows
}

// Retain adds a reference.
func (m *Message) Retain() { m.refs.Add(1) }

// Release gives a reference back.
func (m *Message) Release() {
	switch n := m.refs.Add(-1); {
	case n < 0:
		panic("BUG: message released too often")
	case n == 0 && m.free != nil:
		m.free(m)
	}
}

// shared reports whether anyone but the caller holds a reference.
func (m *Message) shared() bool { return m.refs.Load() > 1 }

// binaryInputs returns the inputs with bytes in place of values in JSON.
func (m *Message) binaryInputs() ([]Tensor, error) {
	inJSON := false
	for i := range m.Inputs {
		inJSON = inJSON || m.Inputs[i].JSON != nil
	}
	if !inJSON { // fast path
		return m.Inputs, nil
	}
	m.mu.Lock() // slow path: two attempts read the values only once
	defer m.mu.Unlock()
	if m.raws != nil {
		return m.raws, nil
	}
	raws := append([]Tensor(nil), m.Inputs...)
	var memory arena
	if err := memory.toRaws(raws, "inputs"); err != nil {
		return nil, invalid(err)
	}
	m.raws = raws
	return raws, nil
}

// Reply is a server's answer with the memory that it is a view of.
type Reply struct {
	Response

	http   *fasthttp.Response // or
	buffer mem.Buffer         // or
	free   func(*Reply)
}

var replies = sync.Pool{New: func() any { return new(Reply) }}

// NewReply returns an empty reply for an answer that was made here. What its tensors
// are views of stays as it is until free is called, by Release; free may be nil.
func NewReply(free func(*Reply)) *Reply {
	r := replies.Get().(*Reply)
	r.free = free
	return r
}

// Release gives the memory back. Nothing of the reply may be used afterwards.
func (r *Reply) Release() {
	if r.http != nil {
		fasthttp.ReleaseResponse(r.http)
	}
	if r.buffer != nil {
		r.buffer.Free()
	}
	if r.free != nil {
		r.free(r)
	}
	r.http, r.buffer, r.free = nil, nil, nil
	r.Reset()
	replies.Put(r)
}
