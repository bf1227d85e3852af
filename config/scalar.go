package config

import (
	"math"
	"strconv"
	"strings"
)

// The functions below return decoders for one value each. They write only a
// value that they accept, so a default stays where a mistake was made.

// text takes any scalar as it is written.
func text(into *string) func(*value) {
	return func(v *value) {
		if s, ok := v.scalar("text"); ok {
			*into = s
		}
	}
}

// nonEmpty takes text that is not empty.
func nonEmpty(into *string, want string) func(*value) {
	return func(v *value) {
		s, ok := v.scalar(want)
		switch {
		case ok && s == "":
			v.fail("must be %s, not empty", want)
		case ok:
			*into = s
		}
	}
}

// word takes one of a few words.
func word(into *string, known ...string) func(*value) { return oneOf(into, known, known) }

const maxPath = 1024

// filePath takes the path of a file or a directory, relative to the file that
// names it. An empty path leaves the default.
func filePath(into *string) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("a path")
		switch {
		case !ok || s == "":
		case len(s) > maxPath:
			v.fail("a path of %d bytes is too long; at most %d are read", len(s), maxPath)
		case strings.ContainsRune(s, 0):
			v.fail("a path can't hold a zero byte")
		default:
			*into = v.file.resolve(s)
		}
	}
}

// oneOf takes one of words and writes the meaning at the same index.
func oneOf[T any](into *T, words []string, meanings []T) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("one of " + strings.Join(words, ", "))
		if !ok {
			return
		}
		for i, w := range words {
			if w == s {
				*into = meanings[i]
				return
			}
		}
		v.fail("%s is unknown; %s", quote(s), hint(s, words))
	}
}

// truth takes true or false.
func truth(into *bool) func(*value) {
	return oneOf(into, []string{"true", "false"}, []bool{true, false})
}

// count takes a whole number.
func count(into *int, least, most int) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("a whole number")
		if !ok {
			return
		}
		n, err := strconv.Atoi(s)
		switch {
		case v.quoted() && isInteger(s):
			v.fail("must be a whole number, not the text %s; remove the quotes", quote(s))
		case !isInteger(s) || len(s) > 1 && s[0] == '0':
			v.fail("must be a whole number, not %s", describe(v.node))
		case err != nil:
			v.fail("%s is out of range", clip(s))
		case n < least || n > most:
			v.fail("%s is out of range; it must be %d to %d", clip(s), least, most)
		default:
			*into = n
		}
	}
}

// number takes a decimal number that a float32 can hold.
func number(into *float32) func(*value) {
	return func(v *value) {
		if f, ok := v.number(); ok {
			if float := float32(f); math.IsInf(float64(float), 0) {
				v.fail("%s is out of the range of float32", clip(v.node.Value))
			} else {
				*into = float
			}
		}
	}
}

// number returns a decimal number. Words (.inf, .nan), hexadecimal digits and
// quoted text are none.
func (v *value) number() (float64, bool) {
	s, ok := v.scalar("a number")
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case v.quoted() && err == nil:
		v.fail("must be a number, not the text %s; remove the quotes", quote(s))
		return 0, false
	case v.quoted() || strings.Trim(s, "0123456789+-.eE") != "" || err != nil && !math.IsInf(f, 0):
		v.fail("must be a number, not %s", describe(v.node))
		return 0, false
	case err != nil:
		v.fail("%s is out of range", clip(s))
		return 0, false
	}
	return f, true
}

// fraction takes 0 to 1.
func fraction(into *float64) func(*value) {
	return func(v *value) {
		f, ok := v.number()
		switch {
		case !ok:
		case f < 0 || f > 1:
			v.fail("%s is out of range; it must be 0 to 1", clip(v.node.Value))
		default:
			*into = f
		}
	}
}

// percent takes 0 to 100 in steps of 0.01, the finest that a split can do.
func percent(into *float64) func(*value) {
	return func(v *value) {
		f, ok := v.number()
		switch {
		case !ok:
		case f < 0 || f > 100:
			v.fail("%s is out of range; it must be 0 to 100", clip(v.node.Value))
		case math.Round(f*100)/100 != f:
			v.fail("%s is too fine; the steps are 0.01", clip(v.node.Value))
		default:
			*into = f
		}
	}
}

// isInteger reports whether s is a decimal integer of any length.
func isInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
