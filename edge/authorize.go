package edge

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// authorize returns why the request may not be answered, nil if it may.
func (s *Server) authorize(header *fasthttp.RequestHeader) *refusal {
	if s.cfg.Keys == nil {
		return nil
	}
	credential := Credential(header.Peek(fasthttp.HeaderAuthorization), header.Peek("X-Api-Key"))
	v := s.cfg.Keys.Check(credential, time.Now())
	if v.Refused == nil {
		return nil
	}
	r := refused(v.Refused)
	if v.Refused.Code == rank.Overloaded {
		s.stats.Limited.Add(1)
		r.after = v.After
	}
	return r
}

// Credential returns the key in a request's Authorization header, which is
// "Bearer KEY", or else the one in its X-Api-Key, which is the key. It returns
// nil if there is none.
func Credential(authorization, apiKey []byte) []byte {
	scheme, key, ok := bytes.Cut(authorization, []byte(" "))
	if ok && equalFold(scheme, "bearer") {
		return trimBlanks(key)
	}
	return apiKey
}
