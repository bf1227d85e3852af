// Package claims is what rankgate is to reach, and how each figure is had. A section
// measures what belongs together.
package claims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
	"github.com/rankgate/rankgate/bench/workload"
)

// Section is a part of the run.
type Section struct {
	Name string
	run  func(*session) error
}

// Sections are all, in the order in which they run.
var Sections = []Section{
	{"hit", (*session).hit},
	{"cold", (*session).cold},
	{"batches", (*session).batches},
	{"rivals", (*session).rivals},
	{"growth", (*session).growth},
	{"latency", (*session).latency},
	{"calm", (*session).calm},
	{"memory", (*session).memory},
	{"soak", (*session).soak},
}

// session is one run of the sections.
type session struct {
	ctx    context.Context //nolint:containedctx // of the one run that it is made for
	site   *stack.Site
	result *result.Run
	length Length
	log    io.Writer // of progress
}

// Length is how long a run takes.
type Length int

// Lengths. Brief is for a look at whether everything can be measured at all: its
// figures mean nothing.
const (
	Usual Length = iota
	Full
	Brief
)

// longer is by which factor a full run is longer than the usual one.
const longer = 4

// rounds is how many rounds to take where the usual run takes n.
func (s *session) rounds(n int) int {
	switch s.length {
	case Full:
		return longer * n
	case Brief:
		return 1
	default:
		return n
	}
}

// brief is the length of a slice or step of a brief run.
const brief = 50 * time.Millisecond

// slice is the length of a slice or step, which is shorter in a brief run alone: what
// goes wrong only once in a while is seen in more of them.
func (s *session) slice(usual time.Duration) time.Duration {
	if s.length == Brief {
		return brief
	}
	return usual
}

// Run runs sections and adds to r what comes of them. One that fails does not keep the
// others from running. log is told how far it is.
func Run(ctx context.Context, site *stack.Site, sections []Section, length Length, r *result.Run, log io.Writer) error {
	s := &session{ctx: ctx, site: site, result: r, length: length, log: log}
	var errs []error
	for _, section := range sections {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		began, outcome := time.Now(), ""
		if err := section.run(s); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", section.Name, err))
			outcome = ", failed"
		}
		fmt.Fprintf(log, "bench: %s, %v%s\n", section.Name, time.Since(began).Round(time.Second), outcome)
	}
	return errors.Join(errs...)
}

// contest has stacks answer a workload by turns, keeps what each cost, and returns
// the records in the order of the stacks.
func (s *session) contest(w *workload.Workload, text string, stacks ...measure.Stack) ([]*measure.Record, error) {
	c := measure.Contest{Stacks: stacks, Slice: s.slice(400 * time.Millisecond), Rounds: s.rounds(16)}
	records, err := c.Run(s.ctx)
	if err != nil {
		return nil, err
	}
	s.result.Contests = append(s.result.Contests, result.Contest{
		Name: "CPU by request", Workload: w.String(), Text: text, Candidates: w.Candidates(), Stacks: stack.Costs(records),
	})
	all := make([]*measure.Record, len(records))
	for i := range records {
		all[i] = &records[i]
	}
	return all, nil
}

// claim adds a claim whose figure was measured.
func (s *session) claim(c result.Claim, f measure.Figure) {
	c.Value, c.Low, c.High, c.Measured = f.Median, f.Low, f.High, true
	s.result.Claims = append(s.result.Claims, c)
}

// exactly is a figure that was had once.
func exactly(v float64) measure.Figure { return measure.Figure{Low: v, Median: v, High: v} }

// parse is for the names that stand in this package.
func parse(name string) *workload.Workload {
	w, err := workload.Parse(name)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return w
}
