package oip

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/rankgate/rankgate/jsonlex"
)

// scanner walks over one JSON text, which it owns: strings are returned as views into
// it, and an escaped string is unescaped where it stands. The first mistake stays; from
// then on more returns false, so that callers need not ask after every step.
type scanner struct {
	text []byte
	pos  int
	err  error
}

func newScanner(text []byte) *scanner {
	s := &scanner{text: text}
	if !utf8.Valid(text) {
		s.fail("not valid UTF-8")
	}
	return s
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// unexpected blames the current byte, or the end of the text.
func (s *scanner) unexpected(want string) {
	if s.pos >= len(s.text) {
		s.fail("byte %d: the text ends where %s was expected", len(s.text), want)
		return
	}
	r, _ := utf8.DecodeRune(s.text[s.pos:])
	s.fail("byte %d: %s where %s was expected", s.pos, strconv.QuoteRune(r), want)
}

// token skips white space and returns the byte that begins the next token without
// taking it, or 0 at the end.
func (s *scanner) token() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\n', '\t', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// open takes the byte that begins an object or an array.
func (s *scanner) open(begin byte, want string) bool {
	if s.token() != begin {
		s.unexpected(want)
		return false
	}
	s.pos++
	return true
}

// more goes to the next member of an object or element of an array that ends with
// end. It takes the end and returns false if there is none.
func (s *scanner) more(first bool, end byte) bool {
	if s.err != nil {
		return false
	}
	c := s.token()
	switch {
	case c == end:
		s.pos++
		return false
	case first:
		return true
	case c != ',':
		s.unexpected("',' or '" + string(rune(end)) + "'")
		return false
	}
	s.pos++
	if s.token() == end {
		s.unexpected("a value after ','")
		return false
	}
	return true
}

// end refuses anything behind the text's one value.
func (s *scanner) end() {
	if s.token(); s.pos < len(s.text) {
		s.unexpected("the end")
	}
}

// key takes a member's name and the colon behind it.
func (s *scanner) key() string {
	name := s.string("a field name")
	if s.token() != ':' {
		s.unexpected("':'")
		return ""
	}
	s.pos++
	return name
}

// string takes a string.
func (s *scanner) string(want string) string {
	if s.token() != '"' {
		s.unexpected(want)
		return ""
	}
	start := s.pos + 1
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"': // fast path: nothing to unescape
			s.pos = i + 1
			return view(s.text[start:i])
		case c == '\\' || c < ' ':
			return s.escaped(start, i)
		}
	}
	s.pos = len(s.text)
	s.unexpected(`'"'`)
	return ""
}

// escaped takes a string that began at start and needs care from read on.
func (s *scanner) escaped(start, read int) string {
	word, end, err := jsonlex.Unquote(s.text, start, read)
	s.pos = end
	switch {
	case err == nil:
	case errors.Is(err, jsonlex.ErrEnd):
		s.unexpected(`'"'`)
	default:
		s.fail("byte %d: %v", end, err)
	}
	return word
}

// passString passes over a string without changing the text.
func (s *scanner) passString() {
	for s.pos++; s.pos < len(s.text); {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return
		case c < ' ':
			s.fail("byte %d: %v", s.pos, jsonlex.ErrControl)
			return
		case c != '\\':
			s.pos++
		default:
			_, n := jsonlex.Unescape(s.text[s.pos:])
			if n == 0 {
				s.fail("byte %d: %v", s.pos, jsonlex.ErrEscape)
				return
			}
			s.pos += n
		}
	}
	s.unexpected(`'"'`)
}

// number takes a number. integer says that it has neither a fraction nor an exponent.
func (s *scanner) number() (text string, integer bool) {
	end, integer, ok := jsonlex.Number(s.text, s.pos)
	text, s.pos = view(s.text[s.pos:end]), end
	if !ok {
		s.unexpected("a digit")
		return "", false
	}
	return text, integer
}

// literal takes word if it is next.
func (s *scanner) literal(word string) bool {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		s.unexpected(word)
		return false
	}
	s.pos += len(word)
	return true
}

// null takes a null if one is next.
func (s *scanner) null() bool { return s.token() == 'n' && s.literal("null") }

// maxDepth bounds how deep values may lie in each other.
const maxDepth = 32

// skip passes over a value of any kind.
func (s *scanner) skip(depth int) {
	switch c := s.token(); {
	case depth > maxDepth:
		s.fail("byte %d: values lie more than %d deep in each other", s.pos, maxDepth)
	case c == '{':
		s.pos++
		for first := true; s.more(first, '}'); first = false {
			if s.token() != '"' {
				s.unexpected("a field name")
				return
			}
			s.passString()
			if s.token() != ':' {
				s.unexpected("':'")
				return
			}
			s.pos++
			s.skip(depth + 1)
		}
	case c == '[':
		s.pos++
		for first := true; s.more(first, ']'); first = false {
			s.skip(depth + 1)
		}
	default:
		s.passScalar()
	}
}

// passScalar passes over a string, a number, a bool or a null.
func (s *scanner) passScalar() {
	switch c := s.token(); {
	case c == '"':
		s.passString()
	case c == '-' || c-'0' <= 9:
		s.number()
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		s.literal("null")
	default:
		s.unexpected("a value")
	}
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return jsonlex.View(b) }
