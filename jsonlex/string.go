// Package jsonlex walks over a JSON text (RFC 8259) and reads its words, for those who
// know what they expect there: requests for rankings and messages for models. It writes
// the one kind of word that answers are full of, numbers of 32 bits.
package jsonlex

import (
	"errors"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// What is wrong with a string.
var (
	ErrControl = errors.New("a control character in a string must be escaped")
	ErrEscape  = errors.New("malformed escape in a string")
	ErrEnd     = errors.New("the string does not end")
)

// Unquote reads a string that began at start, behind its opening quote, and that needs no
// care before read. It is unescaped where it stands, and what is returned is a view of it:
// no escape is longer than what it stands for, so writing never overtakes reading. end is
// the byte behind its closing quote, or the one that is wrong. The text must be UTF-8.
func Unquote(text []byte, start, read int) (s string, end int, err error) {
	write := read
	for read < len(text) {
		c := text[read]
		switch {
		case c == '"':
			return View(text[start:write]), read + 1, nil
		case c < ' ':
			return "", read, ErrControl
		case c != '\\':
			text[write] = c
			read, write = read+1, write+1
		default:
			r, n := Unescape(text[read:])
			if n == 0 {
				return "", read, ErrEscape
			}
			read += n
			write += utf8.EncodeRune(text[write:], r)
		}
	}
	return "", read, ErrEnd
}

// Unescape decodes the escape that b begins with and returns its length in b, 0 if it
// is malformed. Half of a surrogate pair becomes U+FFFD.
func Unescape(b []byte) (r rune, n int) {
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

// hex4 reads the \u and four digits that b begins with, -1 if there are none.
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

// View returns b as a string that shares its memory.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
