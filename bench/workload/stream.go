package workload

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rankgate/rankgate/bench/load"
)

// Stream is the requests of a workload, made beforehand as far as they can be: what
// is left is to put a few pieces together.
type Stream struct {
	workload *Workload
	url      string
	lists    []list
	first    *int // number of the next request, moved by Advance; that of Of's streams too
}

// list is a list of candidates.
type list struct {
	items []int32
	again []byte // those that its user is shown again, as JSON
	fresh int    // how many others there are
}

const (
	manyLists    = 4096 // and as many users where candidates are repeated: nobody comes back at once
	coldStride   = 7919 // between users who follow each other; prime, so that all have their turn
	budgetMillis = 1000
)

// NewStream makes the requests of w to a server's /rank.
func NewStream(w *Workload, server string) *Stream { return newStream(w, server+"/rank", new(int)) }

// Of makes the requests of another workload to the same server. They and those of s are
// numbered as one: who has asked under the one workload, and whose popular candidates are
// scored since, would otherwise ask first under the other.
func (s *Stream) Of(w *Workload) *Stream { return newStream(w, s.url, s.first) }

func newStream(w *Workload, url string, first *int) *Stream {
	s := &Stream{workload: w, url: url, first: first}
	for _, items := range lists(manyLists, w.Least, w.Most) {
		l := list{items: items}
		if w.Repeat > 0 {
			l.fresh = w.Fresh(len(items))
		}
		for i, item := range items[l.fresh:] {
			if i > 0 {
				l.again = append(l.again, ',')
			}
			l.again = fmt.Appendf(l.again, `"%d"`, item)
		}
		s.lists = append(s.lists, l)
	}
	return s
}

// At makes the same requests to another server, from the first one on.
func (s *Stream) At(server string) *Stream {
	return &Stream{workload: s.workload, url: server + "/rank", lists: s.lists, first: new(int)}
}

// Warm is how many requests show every user who comes back their candidates.
func (s *Stream) Warm() int {
	if s.workload.Repeat == 0 {
		return 0
	}
	return len(s.lists)
}

// Advance makes the next request the n-th after what was the next.
func (s *Stream) Advance(n int) { *s.first += n }

// Request implements load.Load.
func (s *Stream) Request(n int, target *vegeta.Target) {
	target.URL, target.Header = s.url, header
	target.Body = s.Body(n)
}

var header = http.Header{"Content-Type": {"application/json"}}

// Body is that of the n-th request from now.
func (s *Stream) Body(n int) []byte {
	n += *s.first
	l := &s.lists[n%len(s.lists)]
	b := make([]byte, 0, 64+8*l.fresh+len(l.again))
	b = append(b, `{"user":"`...)
	b = strconv.AppendInt(b, int64(s.User(n)), 10)
	b = append(b, `","items":[`...)
	for i := range l.fresh {
		b = append(b, '"')
		b = strconv.AppendInt(b, int64(freshItem(n, i)), 10)
		b = append(b, '"', ',')
	}
	b = append(b, l.again...)
	b = append(b, `],"budget_ms":`...)
	b = strconv.AppendInt(b, budgetMillis, 10)
	return append(b, '}')
}

// User is who asks the n-th request of all.
func (s *Stream) User(n int) int {
	if s.workload.Repeat == 0 {
		return n * coldStride % Users
	}
	return n % len(s.lists)
}

// freshItem draws evenly, not by Zipf's law: the popular items are those that a user
// has seen.
func freshItem(n, i int) int {
	x := uint64(n)<<16 + uint64(i)
	x *= 0x9e3779b97f4a7c15
	x ^= x >> 32
	return int(x % Items)
}

// Judge implements load.Load: an answer must be complete. That scores are right is
// checked before anything is measured.
func (s *Stream) Judge(answer *vegeta.Result, into *load.Sample) {
	if !into.Answered(answer.Code) {
		return
	}
	into.Outcome = load.OK
	if bytes.Contains(answer.Body, degraded) {
		into.Outcome = load.Degraded
	}
	if _, coverage, ok := bytes.Cut(answer.Body, coverageKey); ok {
		into.Fresh, into.Cached = number(coverage, fromModel), number(coverage, fromCache)
	}
}

// What a gateway's answer says of itself. Others say nothing of the kind.
var (
	degraded    = []byte(`"degraded":true`)
	coverageKey = []byte(`"coverage":{`)
	fromModel   = []byte(`"model":`)
	fromCache   = []byte(`"cache":`)
)

// number is what follows a key; 0 without one.
func number(object, key []byte) (n int) {
	_, digits, _ := bytes.Cut(object, key)
	for _, d := range digits {
		if d < '0' || d > '9' {
			break
		}
		n = 10*n + int(d-'0')
	}
	return n
}
