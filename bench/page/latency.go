package page

import (
	"fmt"
	"strconv"

	"github.com/rankgate/rankgate/bench/result"
)

const latencyRead = "Each mark is one rate of requests, sent when they were due whatever had become of those before. Lower is better, " +
	"and so is staying low further to the right; the scale is logarithmic. A cross is a point that is not valid: the generator was " +
	"late, or not every answer was complete."

const objectiveRead = " The dashed line is the objective, and the ring on it the highest rate that holds it."

// percentiles are the panels of a latency chart.
var percentiles = []struct {
	title string
	of    func(*result.Point) float64
}{
	{"p50, the median", func(p *result.Point) float64 { return p.P50 }},
	{"p90", func(p *result.Point) float64 { return p.P90 }},
	{"p99", func(p *result.Point) float64 { return p.P99 }},
}

// objective is the last percentile, which an objective is about.
const objective = 2

// latencyFigures has one figure for each workload.
func latencyFigures(run *result.Run, stacks stacks) []figure {
	var workloads []string
	for _, l := range run.Latencies {
		workloads = append(workloads, l.Workload)
	}
	var figures []figure
	for _, workload := range distinct(workloads) {
		var of []*result.Latency
		for i := range run.Latencies {
			if l := &run.Latencies[i]; l.Workload == workload && len(l.Points) > 0 {
				of = append(of, l)
			}
		}
		if f, ok := latencyFigure(workload, of, stacks); ok {
			figures = append(figures, f)
		}
	}
	return figures
}

// latencyFigure draws the stacks of a workload. It is not ok if there is nothing to
// draw.
func latencyFigure(workload string, of []*result.Latency, stacks stacks) (f figure, ok bool) {
	rates, times := newSpan(), newSpan()
	var names []string
	for _, l := range of {
		names = append(names, l.Stack)
		rates.take(0)
		if l.Capacity > 0 {
			rates.take(l.Capacity)
		}
		if l.Limit > 0 {
			times.take(milliseconds.times * l.Limit)
		}
		for i := range l.Points {
			rates.take(l.Points[i].Rate)
			for _, p := range percentiles {
				if s := p.of(&l.Points[i]); s > 0 {
					times.take(milliseconds.times * s)
				}
			}
		}
	}
	if rates.isEmpty() || times.isEmpty() {
		return figure{}, false
	}
	looks := stacks.of(names)
	f = figure{
		Title: "Latency by rate", Workload: workload, Read: latencyRead, Legend: legend(names, looks, true),
		Table: latencyTable(of),
	}
	x, y := rates.linear("rate (requests/s)"), times.log("latency (ms)")
	for i := range percentiles {
		f.Panels = append(f.Panels, percentilePanel(i, plot{X: x, Y: y}, of, names, looks))
	}
	for _, l := range of {
		if l.Limit > 0 && l.Capacity > 0 {
			f.Notes = append(f.Notes, fmt.Sprintf("%s holds a p99 of %s up to %s.", l.Stack,
				quantity(milliseconds.times*l.Limit, milliseconds.unit), quantity(l.Capacity, "requests/s")))
		}
	}
	if f.Notes != nil {
		f.Read += objectiveRead
	}
	return f, true
}

func percentilePanel(which int, p plot, of []*result.Latency, names []string, looks []style) panel {
	var curves [][]point
	var limits []float64
	for n, l := range of {
		var points []point
		for i := range l.Points {
			at := &l.Points[i]
			points = append(points, point{at.Rate, milliseconds.times * percentiles[which].of(at), !at.Valid})
		}
		curves = append(curves, points)
		if which != objective || !(l.Limit > 0) {
			continue
		}
		limit := milliseconds.times * l.Limit
		limits = append(limits, limit)
		if l.Capacity > 0 {
			p.Spots = append(p.Spots, spot{l.Capacity, limit, n})
		}
	}
	p.Limits = limits
	p.lay(names, looks, curves)
	return panel{Title: percentiles[which].title, Plot: p}
}

func latencyTable(of []*result.Latency) table {
	t := table{Head: []string{
		"stack", "requests/s", "requests", "failed", "p50, ms", "p90, ms", "p99, ms", "p99.9, ms", "generator late at p99, ms", "valid",
	}}
	for _, l := range of {
		for _, p := range l.Points {
			valid := "yes"
			if !p.Valid {
				valid = "no"
			}
			row := []string{l.Stack, number(p.Rate), strconv.Itoa(p.Requests), strconv.Itoa(p.Failed)}
			for _, s := range []float64{p.P50, p.P90, p.P99, p.P999, p.Lag} {
				row = append(row, number(milliseconds.times*s))
			}
			t.Rows = append(t.Rows, append(row, valid))
		}
	}
	return t
}
