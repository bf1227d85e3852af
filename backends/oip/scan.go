package oip

import (
	"errors"
	"unicode/utf8"

	"github.com/rankgate/rankgate/jsonlex"
)

// scanner walks over one JSON text.
type scanner struct{ jsonlex.Scanner[struct{}] }

func newScanner(text []byte) *scanner {
	s := &scanner{jsonlex.Scanner[struct{}]{Text: text}}
	if !utf8.Valid(text) {
		s.Fail("not valid UTF-8")
	}
	return s
}

// err returns the mistake, nil if there is none.
func (s *scanner) err() error {
	if s.Failed() {
		return errors.New(s.Bad.Words)
	}
	return nil
}

// open takes the byte that begins an object or an array.
func (s *scanner) open(begin byte, want string) bool {
	if s.Token() != begin {
		s.Unexpected(want)
		return false
	}
	s.Pos++
	return true
}

// passString passes over a string without changing the text.
func (s *scanner) passString() {
	for s.Pos++; s.Pos < len(s.Text); {
		switch c := s.Text[s.Pos]; {
		case c == '"':
			s.Pos++
			return
		case c < ' ':
			s.Fail("byte %d: %v", s.Pos, jsonlex.ErrControl)
			return
		case c != '\\':
			s.Pos++
		default:
			_, n := jsonlex.Unescape(s.Text[s.Pos:])
			if n == 0 {
				s.Fail("byte %d: %v", s.Pos, jsonlex.ErrEscape)
				return
			}
			s.Pos += n
		}
	}
	s.Unexpected(`'"'`)
}

// maxDepth bounds how deep values may lie in each other.
const maxDepth = 32

// skip passes over a value of any kind.
func (s *scanner) skip(depth int) {
	switch c := s.Token(); {
	case depth > maxDepth:
		s.Fail("byte %d: values lie more than %d deep in each other", s.Pos, maxDepth)
	case c == '{':
		s.Pos++
		for first := true; s.More(first, '}'); first = false {
			if s.Token() != '"' {
				s.Unexpected("a field name")
				return
			}
			s.passString()
			if s.Token() != ':' {
				s.Unexpected("':'")
				return
			}
			s.Pos++
			s.skip(depth + 1)
		}
	case c == '[':
		s.Pos++
		for first := true; s.More(first, ']'); first = false {
			s.skip(depth + 1)
		}
	default:
		s.passScalar()
	}
}

// passScalar passes over a string, a number, a bool or a null.
func (s *scanner) passScalar() {
	switch c := s.Token(); {
	case c == '"':
		s.passString()
	case c == '-' || c-'0' <= 9:
		s.Number()
	case c == 't':
		s.Literal("true")
	case c == 'f':
		s.Literal("false")
	case c == 'n':
		s.Literal("null")
	default:
		s.Unexpected("a value")
	}
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return jsonlex.View(b) }
