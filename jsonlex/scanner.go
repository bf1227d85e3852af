package jsonlex

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Scanner walks over one JSON text, which it owns: strings are returned as views into
// it, and an escaped string is unescaped where it stands. The first mistake stays; from
// then on More returns false, so that callers need not ask after every step.
type Scanner[P any] struct {
	Text []byte
	Pos  int
	At   P // the caller's word for where it is, which a mistake remembers
	Bad  Mistake[P]
}

// Mistake is the first thing that is wrong with a text.
type Mistake[P any] struct {
	At    P
	Words string // "" while there is none
}

// Fail notes a mistake, unless there is one already.
func (s *Scanner[P]) Fail(format string, args ...any) {
	if s.Bad.Words == "" {
		s.Bad = Mistake[P]{s.At, fmt.Sprintf(format, args...)}
	}
}

// Failed reports whether there is a mistake.
func (s *Scanner[P]) Failed() bool { return s.Bad.Words != "" }

// Unexpected blames the current byte, or the end of the text.
func (s *Scanner[P]) Unexpected(want string) {
	if s.Pos >= len(s.Text) {
		s.Fail("byte %d: the text ends where %s was expected", len(s.Text), want)
		return
	}
	r, _ := utf8.DecodeRune(s.Text[s.Pos:])
	s.Fail("byte %d: %s where %s was expected", s.Pos, strconv.QuoteRune(r), want)
}

// Token skips white space and returns the byte that begins the next token without
// taking it, or 0 at the end.
func (s *Scanner[P]) Token() byte {
	if s.Pos < len(s.Text) && s.Text[s.Pos] > ' ' { // fast path, short enough to be inlined
		return s.Text[s.Pos]
	}
	return s.spaced()
}

// spaced is Token where there may be white space.
func (s *Scanner[P]) spaced() byte {
	for ; s.Pos < len(s.Text); s.Pos++ {
		switch c := s.Text[s.Pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// More goes to the next member of an object or element of an array that ends with
// end. It takes the end and returns false if there is none.
func (s *Scanner[P]) More(first bool, end byte) bool {
	if s.Failed() {
		return false
	}
	c := s.Token()
	switch {
	case c == end:
		s.Pos++
		return false
	case first:
		return true
	case c != ',':
		s.Unexpected("',' or '" + string(rune(end)) + "'")
		return false
	}
	s.Pos++
	if s.Token() == end {
		s.Unexpected("a value after ','")
		return false
	}
	return true
}

// End refuses anything behind the text's one value.
func (s *Scanner[P]) End() {
	if s.Token(); s.Pos < len(s.Text) {
		s.Unexpected("the end")
	}
}

// Key takes a member's name and the colon behind it.
func (s *Scanner[P]) Key() string {
	name := s.String("a field name")
	if s.Token() != ':' {
		s.Unexpected("':'")
		return ""
	}
	s.Pos++
	return name
}

// String takes a string, for which want is the word if there is none.
func (s *Scanner[P]) String(want string) string {
	if s.Token() != '"' {
		s.Unexpected(want)
		return ""
	}
	return s.Quoted()
}

// Quoted takes the string whose opening quote is the current byte.
func (s *Scanner[P]) Quoted() string {
	text, start := s.Text, s.Pos+1
	end := start
	for end < len(text) && ordinary[text[end]] {
		end++
	}
	switch {
	case end >= len(text):
		s.Pos = len(text)
		s.Unexpected(`'"'`)
		return ""
	case text[end] != '"':
		return s.escaped(start, end)
	}
	s.Pos = end + 1 // fast path: nothing to unescape
	return View(text[start:end])
}

// ordinary says which bytes may stand in a string as they are.
var ordinary = func() (all [256]bool) {
	for c := range all {
		all[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return all
}()

// escaped takes a string that began at start and needs care from read on.
func (s *Scanner[P]) escaped(start, read int) string {
	word, end, err := Unquote(s.Text, start, read)
	s.Pos = end
	switch {
	case err == nil:
	case errors.Is(err, ErrEnd):
		s.Unexpected(`'"'`)
	default:
		s.Fail("byte %d: %v", end, err)
	}
	return word
}

// Number takes the number that begins at the current byte. integer says that it has
// neither a fraction nor an exponent.
func (s *Scanner[P]) Number() (text string, integer bool) {
	end, integer, ok := Number(s.Text, s.Pos)
	text, s.Pos = View(s.Text[s.Pos:end]), end
	if !ok {
		s.Unexpected("a digit")
		return "", false
	}
	return text, integer
}

// Literal takes word if it is next.
func (s *Scanner[P]) Literal(word string) bool {
	if len(s.Text)-s.Pos < len(word) || string(s.Text[s.Pos:s.Pos+len(word)]) != word {
		s.Unexpected(word)
		return false
	}
	s.Pos += len(word)
	return true
}

// Null takes a null if one is next.
func (s *Scanner[P]) Null() bool { return s.Token() == 'n' && s.Literal("null") }
