// Package claims is what rankgate is to reach, and how each figure is had. A section
// measures what belongs together.
package claims

import (
	"context"
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
	full   bool
	log    io.Writer // of progress
}

// Run runs sections and adds to r what comes of them. log is told how far it is.
func Run(ctx context.Context, site *stack.Site, sections []Section, full bool, r *result.Run, log io.Writer) error {
	s := &session{ctx: ctx, site: site, result: r, full: full, log: log}
	for _, section := range sections {
		began := time.Now()
		if err := section.run(s); err != nil {
			return fmt.Errorf("%s: %w", section.Name, err)
		}
		fmt.Fprintf(log, "bench: %s, %v\n", section.Name, time.Since(began).Round(time.Second))
	}
	return nil
}

// pick is a figure of the full run, or of the usual one.
func pick[T any](s *session, full, usual T) T {
	if s.full {
		return full
	}
	return usual
}

// contest has stacks answer a workload by turns, keeps what each cost, and returns
// the records in the order of the stacks.
func (s *session) contest(w *workload.Workload, text string, stacks ...measure.Stack) ([]*measure.Record, error) {
	c := measure.Contest{Stacks: stacks, Slice: 400 * time.Millisecond, Rounds: pick(s, 60, 16)}
	records, err := c.Run(s.ctx)
	if err != nil {
		return nil, err
	}
	s.result.Contests = append(s.result.Contests, result.Contest{
		Name: "CPU by request", Workload: w.String(), Text: text, Candidates: (w.Least + w.Most) / 2, Stacks: stack.Costs(records),
	})
	all := make([]*measure.Record, len(records))
	for i := range records {
		all[i] = &records[i]
	}
	return all, nil
}

// claim adds a claim whose figure was measured.
func (s *session) claim(c result.Claim, f measure.Figure) { //nolint:gocritic // once a minute
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
