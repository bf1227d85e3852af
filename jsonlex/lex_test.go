package jsonlex

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNumbersEndWhereTheirGrammarDoes(t *testing.T) {
	f := func(text string, wantEnd int, wantInteger, wantOK bool) {
		t.Helper()
		end, integer, ok := Number([]byte(text), 0)
		if end != wantEnd || integer != wantInteger || ok != wantOK {
			t.Errorf("%q: %d, %v, %v; want %d, %v, %v", text, end, integer, ok, wantEnd, wantInteger, wantOK)
		}
	}
	f("0", 1, true, true)
	f("-0,", 2, true, true)
	f("120]", 3, true, true)
	f("01", 1, true, true)
	f("1.5", 3, false, true)
	f("1e3 ", 3, false, true)
	f("-1.25E-07x", 9, false, true)
	f("", 0, false, false)
	f("-", 1, false, false)
	f("+1", 0, false, false)
	f(".5", 0, false, false)
	f("1.", 2, false, false)
	f("1e+", 3, false, false)
}

func TestStringsAreUnescapedWhereTheyStand(t *testing.T) {
	for text, want := range map[string]string{
		`plain"`:                            "plain",
		`"`:                                 "",
		`a\"\\\/\b\f\n\r\tz"`:               "a\"\\/\b\f\n\r\tz",
		`\u00e9\u20AC"`:                     "é€",
		`\ud83d\ude00"`:                     "😀",
		`\ud83dx"`:                          "\uFFFDx",
		`\ude00\ud83d"`:                     "\uFFFD\uFFFD",
		`é` + strings.Repeat(`\n`, 3) + `"`: "é\n\n\n",
	} {
		got, end, err := Unquote([]byte(text+"rest"), 0, 0)
		if got != want || end != len(text) || err != nil {
			t.Errorf("%q: %q, %d, %v; want %q, %d", text, got, end, err, want, len(text))
		}
	}
}

func TestAStringThatIsNoneIsToldWhere(t *testing.T) {
	f := func(text string, wantEnd int, want error) {
		t.Helper()
		if s, end, err := Unquote([]byte(text), 0, 0); s != "" || end != wantEnd || !errors.Is(err, want) {
			t.Errorf("%q: %q, %d, %v; want %d, %v", text, s, end, err, wantEnd, want)
		}
	}
	f(`open`, 4, ErrEnd)
	f("a\nb\"", 1, ErrControl)
	f(`a\x"`, 1, ErrEscape)
	f(`\u12g4"`, 0, ErrEscape)
	f(`\`, 0, ErrEscape)
}

// encoding/json says what a text means, if it is UTF-8: that is for the callers to see to.
func FuzzStrings(f *testing.F) {
	for _, seed := range []string{`a"`, `\ud83d\ude00"`, `\u0000"`, `\ud800"`, "\x01\"", `\"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, end, err := Unquote([]byte(text), 0, 0)
		if err != nil || !utf8.ValidString(text) {
			return
		}
		var want string
		if quoted := `"` + text[:end]; json.Unmarshal([]byte(quoted), &want) != nil || got != want {
			t.Errorf("%q is %q; want %q", quoted, got, want)
		}
	})
}
