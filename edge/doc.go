// Package edge is the public listener: the first and the last thing that
// happens to a request. It alone sees fasthttp.
//
// A POST to /rank comes in through listener and conn, which note when its first
// byte arrived. The handler reads the body into memory that the request owns,
// inflates it if need be, decodes it into a rank.Request whose ids are views
// into that memory, settles the budget, and calls the Ranker. What the Ranker
// filled in is encoded as JSON; what it refused is turned into a status by the
// one table in errors.go. Everything that a request needs is pooled together as
// an exchange, so that a request in steady state allocates nothing.
//
// Below /v2 the same listener speaks the Open Inference Protocol. Its bodies are read
// by the same code into an inference, whose message a Service answers: what is behind
// it may go on reading the message after the answer, so its memory is pooled when the
// last reference to it goes.
//
// Whatever a peer sends is bounded before it is believed: connections, header
// and body bytes (also while inflating), candidates and features (while
// decoding), requests in flight, and the time that each of them may take.
package edge
