package page

import (
	"github.com/rankgate/rankgate/bench/result"
)

const seriesRead = "Each line is one way to do it, and each mark a measurement. Compare how high the lines are, and how steep."

// seriesFigures has one figure for each series that has a point.
func seriesFigures(run *result.Run, stacks stacks) []figure {
	var figures []figure
	for i := range run.Series {
		if f, ok := seriesFigure(&run.Series[i], stacks); ok {
			figures = append(figures, f)
		}
	}
	return figures
}

func seriesFigure(s *result.Series, stacks stacks) (f figure, ok bool) {
	xs, ys := newSpan(), newSpan()
	var names []string
	curves := make([][]point, len(s.Curves))
	for i, c := range s.Curves {
		names = append(names, c.Name)
		for _, xy := range c.XY {
			xs.take(xy[0])
			ys.take(xy[1])
			curves[i] = append(curves[i], point{x: xy[0], y: xy[1]})
		}
	}
	if xs.isEmpty() || ys.isEmpty() {
		return figure{}, false
	}
	looks := stacks.of(names)
	p := plot{X: xs.linear(s.X), Y: ys.linear(s.Y)}
	p.lay(names, looks, curves)
	f = figure{
		Title: s.Name, Text: s.Text, Read: seriesRead, Legend: legend(names, looks, true),
		Panels: []panel{{Plot: p}}, Table: table{Head: append([]string{s.X}, names...)},
	}
	for i, x := range p.Data[0] {
		row := []string{number(float64(x))}
		for _, of := range p.Data[1:] {
			row = append(row, number(float64(of[i])))
		}
		f.Table.Rows = append(f.Table.Rows, row)
	}
	return f, true
}
