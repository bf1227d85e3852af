package edge

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

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

// escaped takes a string that began at start and needs care from read on. No
// escape is longer than what it stands for, so writing never overtakes reading.
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

// number takes the number that begins at the current byte. integer says that
// it has neither a fraction nor an exponent.
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

// unescape decodes the escape that b begins with and returns its length in b,
// 0 if it is malformed. Half of a surrogate pair becomes U+FFFD.
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
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
