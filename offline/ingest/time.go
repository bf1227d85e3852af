package ingest

import (
	"time"

	"github.com/rankgate/rankgate/features"
)

// eventTime reads when an event was true.
func (d *Decoder) eventTime(value []byte, now time.Time) (int64, *EventError) {
	if value == nil {
		return 0, refuse(BadTime, "event_time: missing; without one a late event would replace a newer row")
	}
	at, ok := parseTime(value)
	if !ok {
		return 0, noTime("event_time", value)
	}
	if ahead := time.UnixMilli(at).Sub(now); d.maxAhead > 0 && ahead > d.maxAhead {
		return 0, refuse(BadTime, "event_time: %s is %s ahead of this machine's clock; at most %s are taken (ingest.max_ahead)",
			describe(value), ahead.Round(time.Second), d.maxAhead)
	}
	return at, nil
}

// createdTime reads when an event was made, 0 if it does not say.
func createdTime(value []byte) (int64, *EventError) {
	if value == nil {
		return 0, nil
	}
	at, ok := parseTime(value)
	if !ok {
		return 0, noTime("created_time", value)
	}
	return at, nil
}

func noTime(field string, value []byte) *EventError {
	return refuse(BadTime, "%s: %s is not a time; it takes RFC 3339, 2006-01-02 15:04:05 or a number since 1970", field, describe(value))
}

// The times that every layout holds: the years 1 to 9999. One beyond would take
// the place of an older event in its batch, and then be refused by the store.
const firstTime, beyondTime = -62135596800_000, 253402300800_000

// parseTime reads a time as Unix milliseconds, never 0, which means that there is
// none.
func parseTime(value []byte) (int64, bool) {
	text := string(value)
	switch {
	case value[0] == '"':
		text = string(unquote(value))
	case !isNumber(value):
		return 0, false
	}
	at, err := features.ParseTime(text)
	return at, err == nil && at != 0 && at >= firstTime && at < beyondTime
}
