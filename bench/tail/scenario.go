package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/report"
)

// scenario is a line of the table.
type scenario struct {
	number int
	name   string
	run    func(ctx context.Context, s *session) (*row, error)
}

// scenarios are in the order in which they run: the one that takes longest is the last.
var scenarios = []scenario{
	overhead, slowCalls, slowServers, blackHole, cutAnswers, flapping, outage, overload, overloadRemoved, leavers,
	redisTrouble, rollingRestarts, slowLoris, smuggling, poisonousRow, failingCanary, shortBudgets,
}

// row is what came of a scenario.
type row struct {
	run    load.Samples  // what the figures are of; nil if there are none
	extra  int           // sends to backends above one a pass; noExtra where there are no backends
	lag    time.Duration // the most by which the generator may have been late, at its 99th percentile; 0: it does not matter
	checks []check
	notes  []string
	words  map[string]int // what was said of failures
}

const noExtra = -1

// check is a limit and what was measured.
type check struct {
	want, got string
	met       bool
	hard      bool // a wrong answer, a lost request, amplification: a fault on any machine
	usual     bool // every scenario demands it; not shown while it is met
}

// verdict is what a row says of its scenario.
type verdict string

const (
	reached    verdict = "reached"
	notReached verdict = "not reached"
	invalid    verdict = "invalid" // the generator was late
)

func (r *row) verdict() verdict {
	for _, c := range r.checks {
		if !c.met && c.hard {
			return notReached
		}
	}
	if r.isLate() {
		return invalid
	}
	for _, c := range r.checks {
		if !c.met {
			return notReached
		}
	}
	return reached
}

// isLate reports whether the generator was too late for its times to mean much.
func (r *row) isLate() bool { return r.lag > 0 && r.run.Lag(0.99) > r.lag }

// passes reports whether a row lets the program succeed: nothing is wrong, and with
// strict no limit is missed by a generator that was in time.
func (r *row) passes(strict bool) bool {
	for _, c := range r.checks {
		if c.hard && !c.met {
			return false
		}
	}
	return !strict || r.verdict() != notReached
}

// missed says which limits were, and by how much.
func (r *row) missed() string {
	var missed []string
	for _, c := range r.checks {
		if !c.met {
			missed = append(missed, c.got)
		}
	}
	return strings.Join(missed, ", ")
}

// none demands that nothing of a kind has happened.
func none(what string, n int) check {
	return check{want: "0 " + what, got: fmt.Sprintf("%d %s", n, what), met: n == 0, hard: true}
}

// noneCorrupt demands that every score is right, no item is missing and none is twice there.
func noneCorrupt(n int) check { return usually(none("corrupt", n)) }

// noneFailed demands that every request is answered.
func noneFailed(n int) check { return usually(none("failed", n)) }

func usually(c check) check {
	c.usual = true
	return c
}

// within demands that a time is at most so long.
func within(what string, got, most time.Duration) check {
	return check{
		want: fmt.Sprintf("%s ≤ %s", what, report.Duration(most)),
		got:  fmt.Sprintf("%s %s", what, report.Duration(got)),
		met:  got <= most,
	}
}

// times demands that a time is at most so many times another.
func times(what string, got, base time.Duration, most float64) check {
	ratio := float64(got) / float64(max(base, 1))
	return check{
		want: fmt.Sprintf("%s ≤ %v×", what, most),
		got:  fmt.Sprintf("%s %.2f× (%s, %s)", what, ratio, report.Duration(base), report.Duration(got)),
		met:  ratio <= most,
	}
}

// atLeast demands a share.
func atLeast(what string, got, least float64) check {
	return check{want: fmt.Sprintf("%s ≥ %.4g %%", what, 100*least), got: fmt.Sprintf("%s %.2f %%", what, 100*got), met: got >= least}
}

// atMost demands a share.
func atMost(what string, got, most float64) check {
	return check{want: fmt.Sprintf("%s ≤ %.4g %%", what, 100*most), got: fmt.Sprintf("%s %.2f %%", what, 100*got), met: got <= most}
}

// firmly makes a check one that no machine excuses.
func firmly(c check) check {
	c.hard = true
	return c
}
