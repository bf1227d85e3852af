package rank

import "fmt"

// Code classifies every failure that a caller can see. package edge owns the
// table from codes to HTTP statuses.
type Code uint8

const (
	InvalidRequest Code = iota
	Unauthorized
	UnknownModel
	TooLarge
	Overloaded
	Unavailable
	DeadlineExceeded // never of a ranking, which is then degraded instead
	NumCodes
)

var codeNames = [NumCodes]string{
	"invalid_request", "unauthorized", "unknown_model", "too_large", "overloaded", "unavailable",
	"deadline_exceeded",
}

func (c Code) String() string { return codeNames[c] }

// Error is a failure with a code and words for the caller: the field or the
// limit, its value, and the setting that changes it. It never carries a secret.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return e.Code.String() + ": " + e.Message }

// Errorf returns an *Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// FieldError is one mistake in a configuration: Path leads to the field with
// dots and brackets ("views.user_stats.columns.age.default", "items[3]").
type FieldError struct {
	Path    string
	Message string
}

func (e FieldError) Error() string { return e.Path + ": " + e.Message }
