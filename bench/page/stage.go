package page

import (
	"github.com/rankgate/rankgate/bench/result"
)

const stageRead = "Each bar is the mean request of a workload, cut into the stages that it went through, in their order. " +
	"The widest part is where to look first."

// stageFigures has one figure for all workloads.
func stageFigures(run *result.Run) []figure {
	var names []string
	var rows []bar
	var most float64
	for _, w := range run.Stages {
		var sum float64
		for _, s := range w.Stages {
			names = append(names, s.Name)
			if isFinite(s.Mean) {
				sum += s.Mean
			}
		}
		most = max(most, sum)
	}
	names = distinct(names)
	if len(names) == 0 {
		return nil
	}
	looks := stacks{}.of(names)
	colorOf := map[string]string{}
	for i, name := range names {
		colorOf[name] = looks[i].Color
	}
	unit := scaleOf(most)
	f := figure{Title: "Stages of a request", Read: stageRead, Legend: legend(names, looks, false)}
	f.Table.Head = []string{"workload", "stage", "mean, " + unit.unit}
	for _, w := range run.Stages {
		b := bar{Name: w.Workload}
		for _, s := range w.Stages {
			b.Parts = append(b.Parts, part{Name: s.Name, Color: colorOf[s.Name], value: unit.times * s.Mean, Text: s.Name})
			f.Table.Rows = append(f.Table.Rows, []string{w.Workload, s.Name, number(unit.times * s.Mean)})
		}
		b.Text = quantity(b.sum(), unit.unit)
		rows = append(rows, b)
	}
	f.Bars = []bars{newBars("", "mean time of a request ("+unit.unit+")", longest(rows), rows)}
	return []figure{f}
}
