package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/seed"
	"github.com/rankgate/rankgate/bench/stack"
)

// loading is the command line of bench load.
type loading struct {
	rate     float64
	arrivals string
	callers  uint64
	length   time.Duration
}

func loadCommand() *cobra.Command {
	var l loading
	c := workloadCommand("load", "Ask a gateway at a rate, or as fast as callers in a circle can",
		func(ctx context.Context, c *cobra.Command, g *stack.Server) error {
			return l.run(ctx, c.OutOrStdout(), g)
		})
	c.PreRunE = func(*cobra.Command, []string) error { return l.check() }
	c.Flags().Float64Var(&l.rate, "rate", 0, "requests a second, sent when they are due whatever becomes of those before")
	c.Flags().StringVar(&l.arrivals, "arrivals", "poisson", "how requests come at a rate: poisson or constant")
	c.Flags().Uint64Var(&l.callers, "callers", 0, "callers, each of whom asks again as soon as they have their answer")
	c.Flags().DurationVar(&l.length, "for", 10*time.Second, "length of the run")
	return c
}

// mostRate is far beyond what one generator sends, in requests a second.
const mostRate = 1e6

func (l *loading) check() error {
	if (l.rate > 0) == (l.callers > 0) {
		return errors.New("give either --rate or --callers, more than 0")
	}
	return errors.Join(atMost("rate", l.rate, mostRate), oneOf("arrivals", l.arrivals, "poisson", "constant"), atLeast("for", l.length, time.Second))
}

func (l *loading) run(ctx context.Context, out io.Writer, g *stack.Server) error {
	run, err := l.ask(ctx, g)
	if err != nil {
		return err
	}
	p := measure.PointOf(float64(len(run.Samples))/run.Length.Seconds(), run.Samples)
	printPoints(out, []result.Point{p})
	if !p.Valid {
		return fmt.Errorf("not valid: %s", missed(&p, 0))
	}
	return nil
}

func (l *loading) ask(ctx context.Context, g *stack.Server) (*load.Run, error) {
	switch {
	case l.callers > 0:
		return g.Generator().Closed(ctx, g.Stream, l.callers, l.length)
	case l.arrivals == "constant":
		return g.Generator().Open(ctx, g.Stream, load.Constant(l.rate, l.length))
	default:
		return g.Generator().Open(ctx, g.Stream, load.Poisson(seed.Random(1), load.Step{Rate: l.rate, Length: l.length}))
	}
}

// printPoints prints latencies by rate.
func printPoints(out io.Writer, points []result.Point) {
	var rows [][]string
	for i := range points {
		p := &points[i]
		valid := "yes"
		if !p.Valid {
			valid = "no"
		}
		row := []string{fmt.Sprintf("%.0f", p.Rate), fmt.Sprint(p.Requests), fmt.Sprint(p.Failed)}
		for _, t := range []float64{p.P50, p.P90, p.P99, p.P999, p.Lag} {
			row = append(row, report.Duration(seconds(t)))
		}
		rows = append(rows, append(row, valid))
	}
	report.Table(out, []string{"rate", "requests", "not complete", "p50", "p90", "p99", "p99.9", "generator's lag, p99", "valid"}, rows)
}

// missed says why a point does not count, or does not hold an objective.
func missed(p *result.Point, objective time.Duration) string {
	switch {
	case !p.Valid:
		return fmt.Sprintf("the generator was late by %s, which says nothing of the gateway: the machine is busy, or too small for both",
			report.Duration(seconds(p.Lag)))
	case p.Failed > 0:
		return fmt.Sprintf("%d of %d answers were not complete", p.Failed, p.Requests)
	default:
		return fmt.Sprintf("p99 was %s, more than %v", report.Duration(seconds(p.P99)), objective)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// capacityCommand looks for the highest rate.
func capacityCommand() *cobra.Command {
	search := measure.Search{}
	c := workloadCommand("capacity", "Find the highest rate at which a gateway holds a 99th percentile",
		func(ctx context.Context, c *cobra.Command, g *stack.Server) error {
			capacity, points, err := search.Run(ctx, g.Target())
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			printPoints(out, points)
			last := &points[len(points)-1]
			why := missed(last, search.Objective)
			if capacity == 0 {
				return fmt.Errorf("not even the first rate, %.0f requests a second, was held: %s", last.Rate, why)
			}
			fmt.Fprintf(out, "capacity at p99 ≤ %v: %.0f requests a second; at %.0f %s\n", search.Objective, capacity, last.Rate, why)
			return nil
		})
	c.PreRunE = func(*cobra.Command, []string) error {
		return errors.Join(atLeast("from", search.From, 1), atMost("from", search.From, mostRate), atLeast("step", search.Step, 1.01),
			atLeast("for", search.Length, time.Second), atLeast("p99", search.Objective, time.Millisecond))
	}
	c.Flags().DurationVar(&search.Objective, "p99", 20*time.Millisecond, "what the 99th percentile may be")
	c.Flags().Float64Var(&search.From, "from", 500, "first rate, requests a second")
	c.Flags().Float64Var(&search.Step, "step", 1.1, "by how many times the rate grows")
	c.Flags().DurationVar(&search.Length, "for", 5*time.Second, "length of a step")
	return c
}
