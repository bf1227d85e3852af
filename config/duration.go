package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// duration takes what time.ParseDuration does, and days.
func duration(into *time.Duration, least, most time.Duration) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("a duration such as 50ms or 7d")
		if !ok {
			return
		}
		d, err := parseDuration(s)
		switch {
		case err != nil:
			v.fail("%v", err)
		case d < least || d > most:
			v.fail("%s is out of range; it must be %s to %s", clip(s), show(least), show(most))
		default:
			*into = d
		}
	}
}

const day = 24 * time.Hour

// forever is the longest duration that a setting may have: 100 years.
const forever = 36500 * day

// parseDuration reads Go's notation, preceded by a whole number of days or not.
func parseDuration(s string) (time.Duration, error) {
	if isInteger(s) && s != "0" {
		return 0, fmt.Errorf("%[1]s has no unit; write %[1]ss, %[1]sms, %[1]sm, %[1]sh or %[1]sd", clip(s))
	}
	rest, days := s, 0
	if number, after, found := strings.Cut(s, "d"); found && isInteger(number) {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%s is out of range", clip(s))
		}
		if days, rest = n, after; rest == "" {
			rest = "0"
		}
	}
	d, err := time.ParseDuration(rest)
	switch {
	case err != nil || days != 0 && d < 0 || days != 0 && rest[0] == '+':
		return 0, fmt.Errorf("%s is not a duration; write 50ms, 1.5s, 10m, 24h or 7d", quote(s))
	case d > 2*forever-time.Duration(days)*day:
		return 0, fmt.Errorf("%s is out of range", clip(s))
	}
	return time.Duration(days)*day + d, nil
}

// show writes d as a person would, without parts that are zero.
func show(d time.Duration) string {
	if d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
