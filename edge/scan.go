package edge

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/rankgate/rankgate/jsonlex"
	"github.com/rankgate/rankgate/rank"
)

// scanner walks over one JSON text, which it owns: strings are returned as
// views into it, and an escaped string is unescaped where it stands. The first
// mistake stays; from then on more returns false, so that callers need not ask
// after every step.
type scanner struct {
	text []byte
	pos  int
	at   place // kept by the caller, for the path of a mistake
	bad  mistake
}

// mistake is the first thing that is wrong with a text.
type mistake struct {
	code  rank.Code
	at    place
	words string // "" while there is none
}

func (s *scanner) fail(format string, args ...any) { s.blame(rank.InvalidRequest, format, args...) }

func (s *scanner) blame(code rank.Code, format string, args ...any) {
	if s.bad.words == "" {
		s.bad = mistake{code: code, at: s.at, words: fmt.Sprintf(format, args...)}
	}
}

// token skips white space and returns the byte that begins the next token
// without taking it, or 0 at the end.
func (s *scanner) token() byte {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		s.pos++
	}
	return 0
}

// more goes to the next member of an object or element of an array that ends
// with end. It takes the end and returns false if there is none.
func (s *scanner) more(first bool, end byte) bool {
	if s.bad.words != "" {
		return false
	}
	c := s.token()
	if c == end {
		s.pos++
		return false
	}
	if first {
		return true
	}
	if c != ',' {
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

// key takes a member's name and the colon behind it.
func (s *scanner) key() string {
	if s.token() != '"' {
		s.unexpected("a field name")
		return ""
	}
	name := s.string()
	if s.bad.words == "" && s.token() != ':' {
		s.unexpected("':'")
	}
	s.pos++
	return name
}

// string takes the string whose opening quote is the current byte.
func (s *scanner) string() string {
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

// number takes the number that begins at the current byte. integer says that
// it has neither a fraction nor an exponent.
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

// unexpected blames the current byte, or the end of the text.
func (s *scanner) unexpected(want string) {
	if s.pos >= len(s.text) {
		s.fail("byte %d: the text ends where %s was expected", len(s.text), want)
		return
	}
	r, _ := utf8.DecodeRune(s.text[s.pos:])
	s.fail("byte %d: %s where %s was expected", s.pos, strconv.QuoteRune(r), want)
}

// wrongType blames the next value for not being what was wanted.
func (s *scanner) wrongType(want string) {
	var kind string
	switch c := s.token(); {
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
		s.unexpected(want)
		return
	}
	s.fail("must be %s, not %s", want, kind)
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return jsonlex.View(b) }
