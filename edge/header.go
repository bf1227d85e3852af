package edge

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// settle reads what the headers say about the request into x.req. asked is the
// budget that the body named, 0 if none; start is when its first byte came. A
// request without an id of its own goes by its X-Request-Id.
func (s *Server) settle(header *fasthttp.RequestHeader, x *exchange, asked time.Duration, start time.Time) *refusal {
	var bad *rank.Error
	if asked == 0 {
		if asked, bad = AskedBudget(header.Peek); bad != nil {
			return refused(bad)
		}
	}
	req := &x.req
	req.Start, req.Deadline = start, start.Add(s.cfg.Budget.Grant(asked))
	req.Pin = x.own(header.Peek("X-Model-Version"))
	if req.Canary, req.Class, bad = Standing(header.Peek); bad != nil {
		return refused(bad)
	}
	if req.ID == "" {
		req.ID = x.own(header.Peek("X-Request-Id"))
	}
	return nil
}

// Standing reads which side of a canary's split a request is on (X-Canary), and how much
// it matters (X-Criticality), out of its headers: peek is as for AskedBudget.
func Standing(peek func(name string) []byte) (canary rank.Canary, class rank.Criticality, bad *rank.Error) {
	switch word := peek("X-Canary"); string(word) {
	case "":
	case "always":
		canary = rank.CanaryAlways
	case "never":
		canary = rank.CanaryNever
	default:
		return 0, 0, rank.Errorf(rank.InvalidRequest, "X-Canary: %s: must be always or never", Brief(string(word)))
	}
	if word := peek("X-Criticality"); len(word) > 0 {
		var ok bool
		if class, ok = rank.ParseCriticality(word); !ok {
			return 0, 0, rank.Errorf(rank.InvalidRequest,
				"X-Criticality: %s: must be critical_plus, critical, sheddable_plus or sheddable", Brief(string(word)))
		}
	}
	return canary, class, nil
}

// budgetHeaders are read in this order if the body names no budget. The first
// that is there counts; the others are then not looked at.
var budgetHeaders = [...]struct {
	name string
	read func(text string) (time.Duration, bool)
	want string
}{
	{"X-Request-Timeout-Ms", plainMillis, "a number of milliseconds above 0"},
	{"X-Envoy-Expected-Rq-Timeout-Ms", plainMillis, "a number of milliseconds above 0"},
	{"Grpc-Timeout", grpcTimeout, "one to eight digits, not all 0, and a unit out of H, M, S, m, u, n"},
}

// AskedBudget returns the budget that a request's headers ask for, 0 if none does.
// peek returns the value of a header, nothing if it is not there.
func AskedBudget(peek func(name string) []byte) (time.Duration, *rank.Error) {
	for i := range budgetHeaders {
		h := &budgetHeaders[i]
		value := peek(h.name)
		if len(value) == 0 {
			continue
		}
		asked, ok := h.read(view(value))
		if !ok {
			return 0, rank.Errorf(rank.InvalidRequest, "%s: %s: must be %s", h.name, Brief(string(value)), h.want)
		}
		return asked, nil
	}
	return 0, nil
}

// plainMillis reads digits with at most one point among them.
func plainMillis(text string) (time.Duration, bool) {
	for i := range len(text) {
		if c := text[i]; c-'0' > 9 && c != '.' {
			return 0, false
		}
	}
	return millis(text)
}

// grpcTimeout reads the grpc-timeout of gRPC's wire protocol.
func grpcTimeout(text string) (time.Duration, bool) {
	digits := len(text) - 1
	if digits < 1 || digits > 8 {
		return 0, false
	}
	n := int64(0)
	for i := range digits {
		c := text[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	unit := time.Duration(0)
	switch text[digits] {
	case 'H':
		unit = time.Hour
	case 'M':
		unit = time.Minute
	case 'S':
		unit = time.Second
	case 'm':
		unit = time.Millisecond
	case 'u':
		unit = time.Microsecond
	case 'n':
		unit = time.Nanosecond
	}
	if unit == 0 || n == 0 {
		return 0, false
	}
	if n > int64(maxAsked/unit) {
		return maxAsked, true
	}
	return time.Duration(n) * unit, true
}

// checkType refuses a body that is not said to be JSON. Saying nothing is fine.
func checkType(header *fasthttp.RequestHeader) *refusal {
	value := header.ContentType()
	media, _, _ := bytes.Cut(value, []byte(";"))
	if media = bytes.TrimSpace(media); len(media) == 0 || equalFold(media, contentJSON) {
		return nil
	}
	return refusef(unsupportedMediaType,
		"Content-Type: %s is not read; it must be application/json", Brief(string(media)))
}

const unsupportedMediaType = fasthttp.StatusUnsupportedMediaType

// equalFold compares a header's word with one in lower-case ASCII.
func equalFold(word []byte, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
