package main

import (
	"fmt"
	"time"

	"github.com/rankgate/rankgate/bench/report"
)

// requestHead are the columns of requestRows.
var requestHead = []string{"stack", "p50", "p99", "allocations", "kB allocated", "client CPU", "server CPU", "kept rows"}

// requestRows has a row per stack. Each figure is followed by what it is to the
// first stack's.
func requestRows(all []figures) [][]string {
	floor := &all[0]
	rows := make([][]string, 0, len(all))
	for i := range all {
		f := &all[i]
		allocations, kilobytes, kept := "–", "–", "–"
		if f.mallocs > 0 {
			allocations = beside(number(f.per(float64(f.mallocs))), f.per(float64(f.mallocs))/floor.per(float64(floor.mallocs)))
			kilobytes = beside(number(f.per(float64(f.bytes))/1000), f.per(float64(f.bytes))/floor.per(float64(floor.bytes)))
		}
		if f.hits > 0 {
			kept = fmt.Sprintf("%.0f %%", 100*f.hitRate())
		}
		rows = append(rows, []string{
			f.name,
			beside(report.Duration(f.p50()), f.ratio(floor)),
			beside(report.Duration(f.p99()), float64(f.p99())/float64(floor.p99())),
			allocations, kilobytes,
			beside(report.Duration(time.Duration(f.per(float64(f.cpu)))), f.per(float64(f.cpu))/floor.per(float64(floor.cpu))),
			beside(report.Duration(time.Duration(f.per(float64(f.serverCPU)))), f.per(float64(f.serverCPU))/floor.per(float64(floor.serverCPU))),
			kept,
		})
	}
	return rows
}

// writeHead are the columns of writeRows.
var writeHead = []string{"rows", "layout", "server", "stack", "rows/s", "of redis-cli", "client CPU per row", "server CPU per row"}

func writeRows(all []figures, about []string) [][]string {
	floor := &all[0]
	rows := make([][]string, 0, len(all))
	for i := range all {
		f := &all[i]
		perRun := float64(f.rows) / float64(len(f.took))
		cell := func(sum, floor time.Duration) string {
			return beside(report.Duration(sum/time.Duration(f.rows)), float64(sum)/float64(floor))
		}
		rows = append(rows, append(append([]string(nil), about...),
			f.name, fmt.Sprintf("%.0f", perRun/f.p50().Seconds()), fmt.Sprintf("%.0f %%", 100/f.ratio(floor)),
			cell(f.cpu, floor.cpu), cell(f.serverCPU, floor.serverCPU)))
	}
	return rows
}

func beside(figure string, ratio float64) string { return figure + " (" + times(ratio) + ")" }

// times writes a ratio with as many digits as are of interest.
func times(ratio float64) string {
	switch {
	case ratio < 0.1:
		return fmt.Sprintf("%.3f×", ratio)
	case ratio < 10:
		return fmt.Sprintf("%.2f×", ratio)
	default:
		return fmt.Sprintf("%.0f×", ratio)
	}
}

func number(n float64) string {
	if n < 10 {
		return fmt.Sprintf("%.2f", n)
	}
	return fmt.Sprintf("%.0f", n)
}
