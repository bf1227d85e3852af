package page

import (
	"strconv"

	"github.com/rankgate/rankgate/bench/result"
)

const contestRead = "Less processor time is better, and more throughput. Hatched bars are floors, which nothing could do without: what a " +
	"stack takes beyond its floor is its own."

const costRead = "The shorter the better: what the processors spend to rank a million candidates, which is what a ranking costs to run. " +
	"All bars are on one scale. Hatched bars are floors, which nothing could do without."

const storeRead = " The pale end of a bar is what the feature store took."

var (
	floorKey = key{Name: "floor", Style: style{Color: floorColor}}
	storeKey = key{Name: "feature store", Style: style{Color: "store"}}
)

// contestFigures has one figure for each contest.
func contestFigures(run *result.Run, stacks stacks) []figure {
	var figures []figure
	for i := range run.Contests {
		if f, ok := contestFigure(&run.Contests[i], stacks); ok {
			figures = append(figures, f)
		}
	}
	return figures
}

// contestFigure is not ok if no stack was measured.
func contestFigure(c *result.Contest, stacks stacks) (f figure, ok bool) {
	f = figure{Title: c.Name, Workload: c.Workload, Text: c.Text, Read: contestRead, Legend: contestLegend(c.Stacks)}
	var cpu, speed []bar
	f.Table.Head = []string{
		"stack", "requests", "CPU of the stack, µs/request", "times the floors", "of the feature store", "of the generator",
		"requests per CPU-second", "requests/s beside the generator", "candidates not scored anew, %",
	}
	for i := range c.Stacks {
		s := &c.Stacks[i]
		cpu = append(cpu, costBar(s, stacks, microseconds.times, microseconds.unit))
		var perSecond float64
		if s.CPU > 0 {
			perSecond = 1 / s.CPU
		}
		speed = append(speed, bar{
			Name: s.Stack, Text: positive(perSecond),
			Parts: []part{{Name: s.Stack, Color: stacks[s.Stack].Color, value: perSecond}},
		})
		f.Table.Rows = append(f.Table.Rows, []string{
			nameOf(s), strconv.Itoa(s.Requests), number(microseconds.times * s.CPU), timesFloors(s),
			number(microseconds.times * s.Others), number(microseconds.times * s.Generator), positive(perSecond), positive(s.Rate),
			number(100 * s.Hits),
		})
	}
	if hasStore(c.Stacks) {
		f.Read += storeRead + " Throughput is by the stack’s own."
	}
	most := longest(cpu)
	f.Bars = []bars{
		newBars("Processor time", "CPU of a request (µs)", most, cpu),
		newBars("Throughput", "requests per CPU-second", longest(speed), speed),
	}
	return f, most > 0
}

// costFigures has one figure for all contests that say how many candidates a request
// has.
func costFigures(run *result.Run, stacks stacks) []figure {
	f := figure{Title: "CPU-seconds per million candidates", Read: costRead}
	f.Table.Head = []string{
		"workload", "stack", "candidates/request", "of the stack, CPU-seconds", "times the floors", "of the feature store", "together",
	}
	var titles []string
	var charts [][]bar
	var all []result.Cost
	var most float64
	for i := range run.Contests {
		c := &run.Contests[i]
		if c.Candidates <= 0 || len(c.Stacks) == 0 {
			continue
		}
		var rows []bar
		times := 1e6 / float64(c.Candidates)
		for j := range c.Stacks {
			s := &c.Stacks[j]
			rows = append(rows, costBar(s, stacks, times, "CPU-s"))
			f.Table.Rows = append(f.Table.Rows, []string{
				c.Workload, nameOf(s), strconv.Itoa(c.Candidates),
				number(times * s.CPU), timesFloors(s), number(times * s.Others), number(times * (s.CPU + s.Others)),
			})
		}
		titles, charts, all = append(titles, c.Workload), append(charts, rows), append(all, c.Stacks...)
		most = max(most, longest(rows))
	}
	if most == 0 {
		return nil
	}
	if hasStore(all) {
		f.Read += storeRead
	}
	f.Legend = contestLegend(all)
	for i, rows := range charts {
		f.Bars = append(f.Bars, newBars(titles[i], "CPU per million candidates (s)", most, rows))
	}
	return []figure{f}
}

// costBar is a stack's CPU and that of the feature store, each times so much.
func costBar(s *result.Cost, stacks stacks, times float64, unit string) bar {
	b := bar{Name: s.Stack, Parts: []part{
		{Name: s.Stack, Color: stacks[s.Stack].Color, value: times * s.CPU},
		{Name: storeKey.Name, Color: storeKey.Style.Color, value: times * s.Others},
	}}
	b.Text = none
	if sum := b.sum(); sum > 0 {
		b.Text = quantity(sum, unit)
	}
	return b
}

// contestLegend explains what a bar's name does not.
func contestLegend(costs []result.Cost) []key {
	var keys []key
	for i := range costs {
		if costs[i].Floor {
			keys = append(keys, floorKey)
			break
		}
	}
	if hasStore(costs) {
		keys = append(keys, storeKey)
	}
	return keys
}

func hasStore(costs []result.Cost) bool {
	for i := range costs {
		if costs[i].Others > 0 {
			return true
		}
	}
	return false
}

// nameOf is a stack's name, which says if it is a floor.
func nameOf(s *result.Cost) string {
	if s.Floor {
		return s.Stack + " (floor)"
	}
	return s.Stack
}

// timesFloors is a stack's CPU to that of the floors that every stack needs.
func timesFloors(s *result.Cost) string {
	if s.TimesFloors > 0 {
		return quantity(s.TimesFloors, "×")
	}
	return none
}

// positive is the number of something that is there.
func positive(v float64) string {
	if v > 0 {
		return number(v)
	}
	return none
}
