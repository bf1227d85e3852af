package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/seed"
)

// slack is how much later than its budget an answer may be.
const slack = 2 * time.Millisecond

// budgets are from 1 to 50 ms, each as often.
func budgetOf(n int) time.Duration {
	return time.Millisecond + time.Duration(n)*7919%49_000*time.Microsecond
}

// shortBudgets asks many times for answers in less time than some calls take.
var shortBudgets = scenario{number: 10, name: "requests with budgets of 1–50 ms", run: runShortBudgets}

func runShortBudgets(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWorld(ctx, &world{each: oiptest.Config{PerCall: 2 * time.Millisecond, Jitter: 1, Workers: 16}, protocol: "http"})
	if err != nil {
		return nil, err
	}
	defer w.close()
	l := w.rank()
	l.budget = budgetOf
	fastest, err := w.Closed(ctx, l, 32, pick(s, 5*time.Second, time.Second))
	if err != nil {
		return nil, err
	}
	rate := 0.5 * float64(len(fastest.Samples)) / fastest.Length.Seconds()
	requests := pick(s, 1_000_000, 5_000)
	length := time.Duration(float64(requests) / rate * 1.1 * float64(time.Second))
	r, before, after, err := w.counted(ctx, l, load.Poisson(seed.Random(11), load.Step{Rate: rate, Length: length}).First(requests))
	if err != nil {
		return nil, err
	}
	all, err := w.backends.stats()
	if err != nil {
		return nil, err
	}
	spent, unbounded := 0, 0
	for i := range all {
		spent += int(all[i].Spent)
		unbounded += int(all[i].Unbounded)
	}
	late := func(of func(*load.Sample) time.Duration) func(*load.Sample) bool {
		return func(s *load.Sample) bool { return s.Budget > 0 && of(s) > s.Budget+slack }
	}
	seen := r.Count(late(tookOf))
	over := func(s *load.Sample) time.Duration { return s.Reported - s.Budget }
	return &row{run: r.Samples, words: r.Words, extra: after.extra(before), lag: s.lag(),
		notes: []string{
			fmt.Sprintf("%.0f requests a second; the latest answer was reported %s after its budget",
				rate, report.Duration(max(r.Percentile(1, over), 0))),
			fmt.Sprintf("the generator, which shares the processors, saw %d answers later than 2 ms after theirs, counted from when they were due",
				seen),
		},
		checks: []check{
			noneCorrupt(r.Corrupt()),
			noneFailed(len(r.With(load.Failed))),
			atMost("reported later than budget + 2 ms", float64(r.Count(late(reportedOf)))/float64(len(r.Samples)), pick(s, 0, 0.02)),
			none("sent after expiry", spent),
			none("sent without a deadline", unbounded),
		}}, nil
}

func tookOf(s *load.Sample) time.Duration     { return s.Took }
func reportedOf(s *load.Sample) time.Duration { return s.Reported }
