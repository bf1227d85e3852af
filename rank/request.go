package rank

import "time"

// Request is one decoded call of /rank: score Items for User.
//
// Every string in it is a view into memory that the request owns, so a Request
// and all that was read from it are valid until it is released to its pool; a
// stage that keeps an id or a name beyond that copies it.
type Request struct {
	ID    string // the caller's name for this call, "" if none was given
	Model string // "" means the default model
	User  string
	Items []Item

	// Context holds the request-wide features ("context.NAME" in model.yaml).
	Context []Field

	// Fields and Floats are the arenas behind Item.Features and Vector values.
	Fields []Field
	Floats []float32

	Pin    string      // X-Model-Version: "" or the one version that may answer
	Canary Canary      // X-Canary
	Class  Criticality // X-Criticality

	TopK    int  // how many candidates to return, 0 means all
	Explain bool // return sources, feature values and stage times

	Start    time.Time // first byte seen
	Deadline time.Time // Start plus the budget

	// Gone reports whether the caller has left. It may cost a system call, so
	// stages ask it only before work that nobody may want any more. Nil means
	// that the caller's leaving can't be seen.
	Gone func() bool
}

// Item is one candidate. Its features, if the caller sent any, are
// Fields[From:To] of its request.
type Item struct {
	ID       string
	From, To int32
}

// Features returns the request-time features of candidate i.
func (r *Request) Features(i int32) []Field {
	return r.Fields[r.Items[i].From:r.Items[i].To]
}

// Reset makes r empty and keeps its memory for the next call.
func (r *Request) Reset() {
	clear(r.Items)
	clear(r.Context)
	clear(r.Fields)
	*r = Request{Items: r.Items[:0], Context: r.Context[:0], Fields: r.Fields[:0], Floats: r.Floats[:0]}
}

// Canary says whether the caller overrides the weighted split between the
// stable version of a model and its canary.
type Canary uint8

const (
	CanarySplit  Canary = iota // no header: the user's place in the split decides
	CanaryAlways               // X-Canary: always
	CanaryNever                // X-Canary: never
)
