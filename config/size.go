package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size takes a number of bytes, with or without a unit.
func size(into *int, least, most int) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("a size such as 256MiB")
		if !ok {
			return
		}
		n, err := parseSize(s)
		switch {
		case err != nil:
			v.fail("%v", err)
		case n < float64(least) || n > float64(most):
			v.fail("%s is out of range; it must be %s to %s", clip(s), showSize(least), showSize(most))
		default:
			*into = int(n)
		}
	}
}

var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// parseSize reads "4096", "4096B", "256MiB", "1.5GB". A fraction of a byte is
// cut.
func parseSize(s string) (float64, error) {
	rest := strings.TrimLeft(s, "0123456789.")
	amount, unit := s[:len(s)-len(rest)], strings.TrimLeft(rest, " ")
	n, err := strconv.ParseFloat(amount, 64)
	if err != nil && !math.IsInf(n, 0) {
		return 0, fmt.Errorf("%s is not a size; write 4096, 512KiB, 256MiB or 4GB", quote(s))
	}
	if rest == "" {
		return math.Floor(n), nil
	}
	var names []string
	for _, u := range sizeUnits {
		if u.name == unit {
			return math.Floor(n * u.bytes), nil
		}
		if unit != "" && strings.EqualFold(u.name[:1], unit[:1]) {
			names = append(names, amount+u.name)
		}
	}
	if names == nil {
		names = []string{amount + "KiB", amount + "MiB", amount + "GB"}
	}
	return 0, fmt.Errorf("%s has the unknown unit %s; write %s", quote(s), quote(unit), strings.Join(names, " or "))
}

func showSize(n int) string {
	for _, u := range sizeUnits[:4] {
		if n > 0 && n%int(u.bytes) == 0 {
			return strconv.Itoa(n/int(u.bytes)) + u.name
		}
	}
	return strconv.Itoa(n)
}
