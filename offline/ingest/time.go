package ingest

import (
	"math"
	"strconv"
	"time"
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

// timeLayouts are the written forms of a time, which are those of the files that
// features are loaded from. Those without a zone are in UTC.
var timeLayouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", time.DateTime, time.DateOnly}

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
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return known(sinceEpoch(n)), true
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(f) < 1e11 {
		return known(int64(f * 1000)), true
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return known(at.UnixMilli()), true
		}
	}
	return 0, false
}

// sinceEpoch reads a bare number in the unit that follows from its size: seconds
// below 10¹¹ (the year 5138), else milliseconds below 10¹⁴, microseconds below
// 10¹⁷, else nanoseconds.
func sinceEpoch(n int64) int64 {
	switch size := math.Abs(float64(n)); {
	case size < 1e11:
		return n * 1000
	case size < 1e14:
		return n
	case size < 1e17:
		return n / 1000
	default:
		return n / 1000_000
	}
}

func known(ms int64) int64 {
	if ms == 0 {
		return 1
	}
	return ms
}
