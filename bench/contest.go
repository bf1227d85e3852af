package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/stack"
	"github.com/rankgate/rankgate/bench/workload"
)

// contestCommand measures one workload.
func contestCommand() *cobra.Command {
	var slice time.Duration
	var rounds int
	c := &cobra.Command{
		Use:   "contest WORKLOAD",
		Short: "Measure what a request costs beside the floors",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := workload.Parse(args[0])
			if err != nil {
				return err
			}
			site, err := stack.NewSite(c.Context())
			if err != nil {
				return err
			}
			defer site.Close()
			return contest(c.Context(), site, w, slice, rounds)
		},
	}
	c.Flags().DurationVar(&slice, "slice", 400*time.Millisecond, "of a stack in a round")
	c.Flags().IntVar(&rounds, "rounds", 12, "in each of which every stack has a slice")
	return c
}

func contest(ctx context.Context, site *stack.Site, w *workload.Workload, slice time.Duration, rounds int) error {
	g, err := site.StartFor(ctx, w)
	if err != nil {
		return err
	}
	defer g.Close()
	reply, err := site.StartReply(ctx, w, g)
	if err != nil {
		return err
	}
	defer reply.Close()
	pass, err := site.StartPass(ctx, w, 1)
	if err != nil {
		return err
	}
	defer pass.Close()
	both, err := site.StartServePass(ctx, w, g)
	if err != nil {
		return err
	}
	defer both.Close()
	c := measure.Contest{Stacks: []measure.Stack{g, reply, pass, both}, Slice: slice, Rounds: rounds}
	records, err := c.Run(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for i := range records {
		r := &records[i]
		us := func(f measure.Figure) string { return fmt.Sprintf("%.1f", f.Median*1e6) }
		rows = append(rows, []string{r.Name, us(r.CPU()), us(r.Generator()), fmt.Sprintf("%.0f", r.Rate().Median), fmt.Sprintf("%.2f", r.Hits().Median)})
	}
	report.Table(os.Stdout, []string{"stack", "CPU µs", "generator µs", "rate", "hits"}, rows)
	fmt.Println("to reply", measure.Ratio(&records[0], &records[1]), "to reply+pass", measure.Ratio(&records[0], &records[1], &records[2]), measure.Ratio(&records[0], &records[3]))
	return nil
}
