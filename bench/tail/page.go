package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/report"
)

// page is the report in the making.
type page struct {
	short  bool
	about  []string // what ran where
	rows   [][]string
	notes  []string
	broken []string // scenarios that fail the program
}

var head = []string{
	"", "scenario", "sent", "ok", "degraded", "refused", "failed", "extra sends", "p50", "p99", "p99.9", "limit", "measured", "verdict",
}

// begin notes what runs where. With no arguments make says where the page goes.
func (p *page) begin(ctx context.Context, args []string) {
	c := command
	if len(args) > 0 && args[0] != "-out" {
		c += fmt.Sprintf(" ARGS=%q", strings.Join(args, " "))
	}
	p.about = report.Machine(ctx, c, "github.com/tsenart/vegeta/v12", "github.com/Shopify/toxiproxy/v2")
}

// add takes the row of a scenario, or the reason why there is none.
func (p *page) add(sc *scenario, r *row, err error) {
	if err != nil {
		p.broken = append(p.broken, sc.name)
		p.rows = append(p.rows, []string{strconv.Itoa(sc.number), sc.name, "", "", "", "", "", "", "", "", "", "", "", "could not be run"})
		p.notes = append(p.notes, fmt.Sprintf("%d: %v", sc.number, err))
		return
	}
	if !r.passes(p.short) {
		p.broken = append(p.broken, sc.name)
	}
	cells := []string{strconv.Itoa(sc.number), sc.name}
	cells = append(append(cells, r.counts()...), r.times()...)
	var wants, gots []string
	for _, c := range r.checks {
		if c.usual && c.met {
			continue
		}
		wants = append(wants, c.want)
		if got := c.got; c.met {
			gots = append(gots, got)
		} else {
			gots = append(gots, "**"+got+"**")
		}
	}
	p.rows = append(p.rows, append(cells, strings.Join(wants, "; "), strings.Join(gots, "; "), string(r.verdict())))
	p.note(sc, r)
}

// note explains a row.
func (p *page) note(sc *scenario, r *row) {
	for _, n := range r.notes {
		p.notes = append(p.notes, fmt.Sprintf("%d: %s", sc.number, n))
	}
	if r.lag > 0 {
		p.notes = append(p.notes, fmt.Sprintf("%d: the generator was late by %s at its 99th percentile; at most %s is valid", sc.number,
			report.Duration(r.run.Lag(0.99)), report.Duration(r.lag)))
	}
	said := slices.SortedFunc(maps.Keys(r.words), func(a, b string) int { return r.words[b] - r.words[a] })
	for _, words := range said[:min(len(said), 3)] {
		p.notes = append(p.notes, fmt.Sprintf("%d: %d requests failed: %s", sc.number, r.words[words], strings.TrimSpace(words)))
	}
}

func (r *row) counts() []string {
	if r.run == nil {
		return []string{"–", "–", "–", "–", "–", "–"}
	}
	extra := "–"
	if r.extra != noExtra {
		extra = strconv.Itoa(r.extra)
	}
	cells := []string{strconv.Itoa(len(r.run))}
	for _, o := range []load.Outcome{load.OK, load.Degraded, load.Refused, load.Failed} {
		cells = append(cells, strconv.Itoa(len(r.run.With(o))))
	}
	return append(cells, extra)
}

func (r *row) times() []string {
	if r.run == nil {
		return []string{"–", "–", "–"}
	}
	return []string{report.Duration(r.run.Took(0.5)), report.Duration(r.run.Took(0.99)), report.Duration(r.run.Took(0.999))}
}

func (p *page) write(out io.Writer) {
	fmt.Fprintln(out, "# The tail of latency, and staying up")
	fmt.Fprintln(out)
	for _, line := range p.about {
		fmt.Fprintln(out, line)
	}
	fmt.Fprint(out, pageText)
	if p.short {
		fmt.Fprint(out, shortText)
	}
	numberOf := func(text string) int { // of a row, or of the scenario that a note begins with
		n, _ := strconv.Atoi(strings.TrimRight(text, ":"))
		return n
	}
	slices.SortStableFunc(p.rows, func(a, b []string) int { return numberOf(a[0]) - numberOf(b[0]) })
	slices.SortStableFunc(p.notes, func(a, b string) int {
		return numberOf(strings.Fields(a)[0]) - numberOf(strings.Fields(b)[0])
	})
	report.Table(out, head, p.rows)
	for _, n := range p.notes {
		fmt.Fprintln(out, "-", n)
	}
}

const pageText = `
Generator, gateway and backends are processes of their own on this one machine, over the loopback. The generator is open-loop:
a request is sent when it is due, whatever has become of those before, and what it took is counted **from when it was due**.
How late the generator itself was stands below the table; where that is more than is said there the row is invalid. Every score
of every answer is checked. Where nothing else is said requests come independently of each other (Poisson), each for 10
candidates of 2,000, with features in the gateway and without its score cache; times are of the phase in which the fault lasts.

- **ok**: every score is the model's. **degraded**: answered in time, but not every score is. **refused**: 429.
  **failed**: anything else, no answer included.
- **extra sends** are calls that came to the backends beyond one for each forward pass; not counted where passes are refused
  before they are sent.
- **limit** and **measured** are beside each other, and what is missed is bold. Every scenario demands 0 corrupt answers and
  0 failed requests besides; that stands there only where it is missed.

`

const shortText = `This is the short run: fewer requests, and limits that a busy machine can keep.

`
