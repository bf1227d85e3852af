package page

import (
	"math"
	"strconv"
	"strings"
)

// none stands where there is no figure.
const none = "–"

// number writes three digits, or all those before the point.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	if v == 0 {
		return "0"
	}
	decimals := 2
	switch size := math.Abs(v); {
	case size >= 99.95:
		decimals = 0
	case size >= 9.995:
		decimals = 1
	case size < 0.0995:
		decimals = min(2-int(math.Floor(math.Log10(size))), 9)
	}
	return strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1)
}

// quantity is a number with its unit. Shares keep two decimals, because those near the
// whole are told apart by them.
func quantity(v float64, unit string) string {
	text := number(v)
	switch {
	case text == none:
		return none
	case unit == "%" && math.Abs(v) >= 9.995:
		text = strconv.FormatFloat(v, 'f', 2, 64)
	}
	return withUnit(text, unit)
}

func withUnit(text, unit string) string {
	switch unit {
	case "", "×":
		return text + unit
	}
	return text + "\u00a0" + unit
}

// scale is a unit of time.
type scale struct {
	unit  string
	times float64 // of them are in a second
}

var (
	milliseconds = scale{"ms", 1e3}
	microseconds = scale{"µs", 1e6}
)

// scaleOf is the unit in which the longest of some times, in seconds, has few digits.
func scaleOf(most float64) scale {
	if most < 10e-3 {
		return microseconds
	}
	return milliseconds
}

// ticks are round numbers from 0 on, at most six, the last of which is at least most.
func ticks(most float64) []float64 {
	if !(most > 0) || math.IsInf(most, 0) {
		return []float64{0, 1}
	}
	power := math.Pow(10, math.Floor(math.Log10(most/5)))
	step := power
	for _, times := range []float64{1, 2, 5, 10} {
		if step = times * power; step*5 >= most*(1-1e-9) {
			break
		}
	}
	all := []float64{0}
	for i := 1; all[len(all)-1] < most*(1-1e-9); i++ {
		all = append(all, float64(i)*step)
	}
	return all
}

// exact writes a number that someone chose, without the digits that reckoning left
// behind it.
func exact(v float64) string {
	round, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	return strconv.FormatFloat(round, 'f', -1, 64)
}
