package page

// bars is a chart of bars that lie below each other.
type bars struct {
	Title string // "" if it is the only one of its figure
	Axis  string // what it is, and its unit
	Ticks []tick
	Rows  []bar
}

// tick is a number on the axis.
type tick struct {
	At   float64 // percent of the length
	Text string
}

// bar is one bar, of parts that add up.
type bar struct {
	Name  string
	Parts []part
	Text  string // the figure at its end
}

// part is a stretch of a bar.
type part struct {
	Name  string
	Color string
	value float64
	Width float64 // percent of the length of the axis
	Text  string  // "" if there is no room for one
}

// sum is how long a bar is, in units of the axis. Parts that are not finite, or below
// nought, are left out.
func (b *bar) sum() float64 {
	var sum float64
	for _, p := range b.Parts {
		if isFinite(p.value) && p.value > 0 {
			sum += p.value
		}
	}
	return sum
}

// longest is the greatest sum.
func longest(rows []bar) float64 {
	var most float64
	for i := range rows {
		most = max(most, rows[i].sum())
	}
	return most
}

// newBars lays rows along an axis that reaches most.
func newBars(title, axis string, most float64, rows []bar) bars {
	marks := ticks(most)
	end := marks[len(marks)-1]
	b := bars{Title: title, Axis: axis, Rows: rows}
	for _, v := range marks {
		b.Ticks = append(b.Ticks, tick{At: 100 * v / end, Text: exact(v)})
	}
	for i := range rows {
		for j := range rows[i].Parts {
			p := &rows[i].Parts[j]
			if isFinite(p.value) && p.value > 0 {
				p.Width = 100 * p.value / end
			}
			if p.Width < roomForText {
				p.Text = ""
			}
		}
	}
	return b
}

// roomForText is how wide a part has to be for a word in it, in percent.
const roomForText = 14
