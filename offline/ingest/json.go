package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// checkJSON reports why text is not one JSON value in valid UTF-8. Two different
// ids could become one if what is not UTF-8 were replaced.
func checkJSON(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("the text is not UTF-8")
	}
	if json.Valid(text) {
		if loneSurrogate(text) {
			return errors.New("a \\u escape is half of a character")
		}
		return nil
	}
	err := json.Unmarshal(text, new(json.RawMessage)) // the same check, with an error
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		err = fmt.Errorf("byte %d: %w", syntax.Offset, err)
	}
	return err
}

// loneSurrogate reports whether valid JSON escapes a surrogate that is none of a
// pair. Decoding would replace it, as what is not UTF-8.
func loneSurrogate(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return false
		}
		text = text[i:]
		first := escaped(text)
		switch {
		case !utf16.IsSurrogate(first):
			text = text[2:]
		case utf16.DecodeRune(first, escaped(text[6:])) == unicode.ReplacementChar:
			return true
		default:
			text = text[12:]
		}
	}
}

// escaped is what a \u escape at the beginning of text stands for, -1 if there is
// none.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	n, _ := strconv.ParseUint(string(text[2:6]), 16, 16) // it is valid JSON
	return rune(n)
}

// The functions below walk over text that checkJSON has passed, so they look
// for no mistakes.

// members returns the names, as they are written, and the values of an object.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		rest := skipSpace(object[1:])
		for rest[0] != '}' {
			var name, value []byte
			name, rest = split(rest)
			value, rest = split(skipSpace(skipSpace(rest)[1:])) // after the colon
			if !yield(name, value) {
				return
			}
			if rest = skipSpace(rest); rest[0] == ',' {
				rest = skipSpace(rest[1:])
			}
		}
	}
}

// elements returns the elements of a list.
func elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rest := skipSpace(list[1:])
		for rest[0] != ']' {
			var value []byte
			value, rest = split(rest)
			if !yield(value) {
				return
			}
			if rest = skipSpace(rest); rest[0] == ',' {
				rest = skipSpace(rest[1:])
			}
		}
	}
}

// split cuts off the value that text begins with.
func split(text []byte) (value, rest []byte) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += endOfString(text[i:])
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				end := bytes.IndexAny(text[i:], ",}] \t\r\n")
				if end < 0 {
					return text, nil
				}
				return text[:i+end], text[i+end:]
			}
			continue
		}
		if depth == 0 {
			return text[:i+1], text[i+1:]
		}
	}
	return text, nil
}

// endOfString returns where the string that text begins with ends.
func endOfString(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}

func skipSpace(text []byte) []byte {
	for i, c := range text {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return text[i:]
		}
	}
	return nil
}

// unquote returns what a string stands for, a view of text if it can.
func unquote(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 { // fast path
		return text[1 : len(text)-1]
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		panic("BUG: a string that was checked is none: " + err.Error())
	}
	return []byte(s)
}

// describe says what a value is, for "must be …, not …".
func describe(value []byte) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	default:
		return clip(value)
	}
}
