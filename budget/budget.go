package budget

import "time"

// Limits bounds the time that one request may take.
type Limits struct {
	Default time.Duration // for a caller that names none; must be positive
	Max     time.Duration // no caller gets more; must be positive
}

// DefaultLimits is what an empty configuration means.
var DefaultLimits = Limits{Default: 50 * time.Millisecond, Max: 2 * time.Second}

// Grant returns the budget of a caller that asked for the given time; 0 means
// that it asked for none.
func (l Limits) Grant(asked time.Duration) time.Duration {
	if asked <= 0 {
		asked = l.Default
	}
	return min(asked, l.Max)
}

// replyShare and replyMax bound the part of a budget kept back for ordering
// and encoding the answer: a twentieth, at most half a millisecond, which is
// several times what 2,000 candidates take.
const (
	replyShare = 20
	replyMax   = 500 * time.Microsecond
)

// WorkDeadline returns the moment at which stages must stop so that the answer
// itself still leaves before deadline.
func WorkDeadline(start, deadline time.Time) time.Time {
	return deadline.Add(-min(deadline.Sub(start)/replyShare, replyMax))
}

// FetchDeadline returns the moment at which the look-up of features must stop: a
// store that hangs takes half of what is left, and the other half still holds a
// forward pass on what could be had.
func FetchDeadline(now, deadline time.Time) time.Time {
	return now.Add(max(deadline.Sub(now), 0) / 2)
}
