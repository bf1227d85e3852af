package config

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Error is one mistake and the place where it stands.
type Error struct {
	File    string // "" when the mistake is in no file
	Line    int    // from 1; 0 when File as a whole is meant
	Col     int    // from 1, in characters
	Path    string // the field, as in rank.FieldError; "" for the whole document
	Message string
}

// Error returns "file:line:col: path: message" without the parts that are not
// known.
func (e Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(printable(e.File))
		if e.Line > 0 {
			b.WriteString(":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Col))
		}
		b.WriteString(": ")
	}
	if e.Path != "" {
		b.WriteString(printable(e.Path) + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors is everything that is wrong, sorted by file, line and column.
type Errors []Error

// Error returns one line per mistake.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Join merges errors, the lists among them flattened, into one sorted list. It
// returns nil if all of them are nil.
func Join(errs ...error) error {
	var all Errors
	for _, err := range errs {
		all = append(all, flatten(err)...)
	}
	return all.settle()
}

// flatten returns the mistakes that err stands for.
func flatten(err error) Errors {
	var list Errors
	var one Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return Errors{one}
	default:
		return Errors{{Message: err.Error()}}
	}
}

// settle sorts es and returns it as an error, nil if it is empty.
func (es Errors) settle() error {
	if len(es) == 0 {
		return nil
	}
	slices.SortStableFunc(es, func(a, b Error) int {
		return cmp.Or(
			strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(es)
}

// printable replaces what would break a line or steer a terminal, since names
// come from files.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
