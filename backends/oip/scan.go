package oip

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
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

// escaped takes a string that began at start and needs care from read on. No escape is
// longer than what it stands for, so writing never overtakes reading.
func (s *scanner) escaped(start, read int) string {
	write := read
	for read < len(s.text) {
		c := s.text[read]
		switch {
		case c == '"':
			s.pos = read + 1
			return view(s.text[start:write])
		case c < ' ':
			s.pos = read
			s.fail("byte %d: a control character in a string must be escaped", read)
			return ""
		case c != '\\':
			s.text[write] = c
			read, write = read+1, write+1
		default:
			r, n := unescape(s.text[read:])
			if n == 0 {
				s.pos = read
				s.fail("byte %d: malformed escape in a string", read)
				return ""
			}
			read += n
			write += utf8.EncodeRune(s.text[write:], r)
		}
	}
	s.pos = read
	s.unexpected(`'"'`)
	return ""
}

// passString passes over a string without changing the text.
func (s *scanner) passString() {
	for s.pos++; s.pos < len(s.text); {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return
		case c < ' ':
			s.fail("byte %d: a control character in a string must be escaped", s.pos)
			return
		case c != '\\':
			s.pos++
		default:
			_, n := unescape(s.text[s.pos:])
			if n == 0 {
				s.fail("byte %d: malformed escape in a string", s.pos)
				return
			}
			s.pos += n
		}
	}
	s.unexpected(`'"'`)
}

// number takes a number. integer says that it has neither a fraction nor an exponent.
func (s *scanner) number() (text string, integer bool) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++ // no digit may follow; what does is then unexpected
	} else if !s.digits() {
		return "", false
	}
	integer = true
	if s.peek() == '.' {
		integer = false
		s.pos++
		if !s.digits() {
			return "", false
		}
	}
	if s.peek()|0x20 == 'e' {
		integer = false
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return "", false
		}
	}
	return view(s.text[start:s.pos]), integer
}

// digits takes at least one digit.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos]-'0' <= 9 {
		s.pos++
	}
	if s.pos == start {
		s.unexpected("a digit")
	}
	return s.pos > start
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

// peek returns the current byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

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

// unescape decodes the escape that b begins with and returns its length in b, 0 if it
// is malformed. Half of a surrogate pair becomes U+FFFD.
func unescape(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r = hex4(b)
	if r < 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if pair := utf16.DecodeRune(r, hex4(b[6:])); pair != unicode.ReplacementChar {
		return pair, 12
	}
	return unicode.ReplacementChar, 6
}

// hex4 reads the \uXXXX that b begins with, -1 if there is none.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(view(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
