package ingest

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/rankgate/rankgate/rank"
)

// EventError says why an event can't become a row.
type EventError struct {
	Reason  Reason
	Message string // the field, its value, and the limit or the setting
}

func (e *EventError) Error() string { return e.Message }

func refuse(reason Reason, format string, args ...any) *EventError {
	return &EventError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Reason classifies refusals, for those who count them.
type Reason uint8

const (
	TooLarge      Reason = iota
	Malformed            // not a JSON object, or none of the form of an event
	UnknownField         // beside view, the ids, the times and columns
	UnknownView          // not in features.yaml
	UnknownColumn        // not in the view
	BadID                // an id is missing, is none of the entity's, or is not the view's
	BadTime              // a time is missing, is none, or is too far ahead
	BadValue             // a value does not fit its column
	Unwritable           // the store can't hold the row
	Gone                 // the source has lost the event before it was acknowledged
	NumReasons
)

var reasonNames = [NumReasons]string{
	"too_large", "malformed", "unknown_field", "unknown_view", "unknown_column", "bad_id", "bad_time", "bad_value", "unwritable", "gone",
}

func (r Reason) String() string { return reasonNames[r] }

// hint ends a sentence about a name that is not known.
func hint(name string, known []string) string {
	if meant, ok := rank.Nearest(name, known); ok {
		return "did you mean " + meant + "?"
	}
	return "known are " + clip(strings.Join(known, ", "))
}

// clip shortens foreign text for a message and leaves out what could steer a
// terminal.
func clip[T string | []byte](foreign T) string {
	const longest = 64
	s := string(foreign[:min(len(foreign), longest)])
	if len(foreign) > longest {
		s = strings.ToValidUTF8(s, "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
