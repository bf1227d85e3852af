package page

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// panel is one chart of lines.
type panel struct {
	Title string // "" if it is the only one of its figure
	Plot  plot
}

// plot is a panel as plot.js reads it.
type plot struct {
	X      axis      `json:"x"`
	Y      axis      `json:"y"`
	Data   [][]datum `json:"data"` // x of all curves, ascending, then y of each curve
	Curves []curve   `json:"curves"`
	Limits []float64 `json:"limits,omitempty"` // lines across, in units of y
	Spots  []spot    `json:"spots,omitempty"`
}

// axis is one side of a plot.
type axis struct {
	Name string  `json:"name"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
	Log  bool    `json:"log"`
}

// curve is how one of a plot's curves looks.
type curve struct {
	Name    string `json:"name"`
	Style   style  `json:"style"`
	Invalid []int  `json:"invalid"` // indexes of x
}

// spot is a place on a plot that a curve reaches.
type spot struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Curve int     `json:"curve"`
}

// datum is a number, or null where it is not finite.
type datum float64

// MarshalJSON implements json.Marshaler.
func (d datum) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(d), 'g', 6, 64), nil
}

// point is a point of a curve before the curves are laid on one x.
type point struct {
	x, y    float64
	invalid bool
}

// lay makes the data of curves that have points at different x.
func (p *plot) lay(names []string, looks []style, curves [][]point) {
	var xs []float64
	for _, points := range curves {
		for _, at := range points {
			if isFinite(at.x) {
				xs = append(xs, at.x)
			}
		}
	}
	slices.Sort(xs)
	xs = slices.Compact(xs)
	p.Curves = []curve{}
	p.Data = [][]datum{make([]datum, len(xs))}
	for i, x := range xs {
		p.Data[0][i] = datum(x)
	}
	for i, points := range curves {
		ys := slices.Repeat([]datum{datum(math.NaN())}, len(xs))
		c := curve{Name: names[i], Style: looks[i], Invalid: []int{}}
		for _, at := range points {
			j, found := slices.BinarySearchFunc(xs, at.x, cmp.Compare[float64])
			if !found || p.Y.Log && at.y <= 0 {
				continue
			}
			ys[j] = datum(at.y)
			if at.invalid {
				c.Invalid = append(c.Invalid, j)
			}
		}
		p.Data = append(p.Data, ys)
		p.Curves = append(p.Curves, c)
	}
}

// span is the least and the greatest of what is finite.
type span struct{ from, to float64 }

func newSpan() span {
	return span{math.Inf(1), math.Inf(-1)}
}

func (s *span) take(values ...float64) {
	for _, v := range values {
		if isFinite(v) {
			s.from, s.to = min(s.from, v), max(s.to, v)
		}
	}
}

func (s *span) isEmpty() bool {
	return s.from > s.to
}

// linear is an axis over the span with some air, which begins at 0 if most of the way
// from there is in it.
func (s *span) linear(name string) axis {
	a := axis{Name: name, From: s.from, To: s.to}
	if s.from >= 0 && s.from <= s.to/2 {
		a.From = 0
	}
	air := 0.06 * (a.To - a.From)
	if air <= 0 {
		air = max(math.Abs(a.To)/10, 1)
	}
	if a.From != 0 {
		a.From -= air
	}
	a.To += air
	return a
}

// log is an axis of powers over the span, which has to be above 0.
func (s *span) log(name string) axis {
	return axis{Name: name, From: s.from / 1.35, To: s.to * 1.35, Log: true}
}

func isFinite(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0)
}
