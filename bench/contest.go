package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// contesting is the command line of bench contest.
type contesting struct {
	slice   time.Duration
	rounds  int
	callers uint64
}

func contestCommand() *cobra.Command {
	var t contesting
	c := workloadCommand("contest", "Measure what a request costs beside its floors, each alone",
		func(ctx context.Context, c *cobra.Command, g *stack.Server) error {
			return t.run(ctx, c.OutOrStdout(), g)
		})
	c.PreRunE = func(*cobra.Command, []string) error { return t.check() }
	c.Flags().DurationVar(&t.slice, "slice", 400*time.Millisecond, "how long each stack is busy in a round")
	c.Flags().Uint64Var(&t.callers, "callers", 4, "callers, each of whom asks again as soon as they have their answer")
	c.Flags().IntVar(&t.rounds, "rounds", 16, "how often every stack has a slice")
	return c
}

func (t *contesting) check() error {
	return errors.Join(
		atLeast("slice", t.slice, 10*time.Millisecond), atLeast("callers", t.callers, 1), atLeast("rounds", t.rounds, 1))
}

func (t *contesting) run(ctx context.Context, out io.Writer, g *stack.Server) error {
	floors, err := g.Site().StartFloors(ctx, g)
	if err != nil {
		return err
	}
	defer floors.Close()
	g.Callers, floors.Reply.Callers = t.callers, t.callers
	stacks := append([]measure.Stack{g}, floors.Stacks()...)
	records, err := (&measure.Contest{Stacks: stacks, Slice: t.slice, Rounds: t.rounds}).Run(ctx)
	if err != nil {
		return err
	}
	printCosts(out, stack.Costs(records))
	var sum []*measure.Record
	var names []string
	for _, floor := range stack.Needed(records) {
		sum, names = append(sum, floor), append(names, floor.Name)
		ratio := measure.Ratio(&records[0], sum...)
		fmt.Fprintf(out, "%.2f× (%.2f× to %.2f×) %s\n", ratio.Median, ratio.Low, ratio.High, strings.Join(names, " + "))
	}
	return nil
}

// printCosts prints what stacks cost.
func printCosts(out io.Writer, costs []result.Cost) {
	var rows [][]string
	for i := range costs {
		c := &costs[i]
		us := func(seconds float64) string { return fmt.Sprintf("%.1f", 1e6*seconds) }
		rows = append(rows, []string{
			c.Stack, us(c.CPU), fmt.Sprintf("%.2f×", c.TimesFloors), us(c.Others), us(c.Generator),
			fmt.Sprintf("%.0f", c.Rate), fmt.Sprintf("%.0f", 100*c.Hits),
		})
	}
	report.Table(out, []string{
		"stack", "CPU µs", "times the floors", "store's µs", "generator's µs", "requests a second", "% cached",
	}, rows)
}
