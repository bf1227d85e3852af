package edge

import (
	"github.com/rankgate/rankgate/jsonlex"
	"github.com/rankgate/rankgate/rank"
)

// scanner walks over the text of a request.
type scanner struct {
	jsonlex.Scanner[place]

	code rank.Code // of the mistake
}

// blame notes a mistake with a code that is not InvalidRequest.
func (s *scanner) blame(code rank.Code, format string, args ...any) {
	if !s.Failed() {
		s.code = code
	}
	s.Fail(format, args...)
}

// wrongType blames the next value for not being what was wanted.
func (s *scanner) wrongType(want string) {
	var kind string
	switch c := s.Token(); {
	case c == '"':
		kind = "a string"
	case c == '{':
		kind = "an object"
	case c == '[':
		kind = "a list"
	case c == 't', c == 'f':
		kind = "a bool"
	case c == 'n':
		kind = "null"
	case c == '-', c-'0' <= 9:
		kind = "a number"
	default:
		s.Unexpected(want)
		return
	}
	s.Fail("must be %s, not %s", want, kind)
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return jsonlex.View(b) }
