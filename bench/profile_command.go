package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	pprof "github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/profile"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/stack"
)

// profiling is the command line of bench profile.
type profiling struct {
	out    string
	length time.Duration
	top    int
}

func profileCommand() *cobra.Command {
	var p profiling
	c := workloadCommand("profile", "Take the profiles of a gateway under load, and list the top costs of a request",
		func(ctx context.Context, c *cobra.Command, g *stack.Server) error {
			return p.run(ctx, c.OutOrStdout(), g)
		})
	c.PreRunE = func(*cobra.Command, []string) error {
		return errors.Join(atLeast("for", p.length, time.Second), atLeast("top", p.top, 1))
	}
	c.Flags().StringVar(&p.out, "out", "", "directory for the profiles (default: a new one among the temporary files)")
	c.Flags().DurationVar(&p.length, "for", 10*time.Second, "how long, in whole seconds, costs are profiled, and then waiting")
	c.Flags().IntVar(&p.top, "top", 25, "costs to list of each profile")
	return c
}

func (p *profiling) run(ctx context.Context, out io.Writer, g *stack.Server) error {
	var err error
	if p.out == "" {
		p.out, err = os.MkdirTemp("", "rankgate-profile-")
	} else {
		err = os.MkdirAll(p.out, 0o750)
	}
	if err != nil {
		return err
	}
	var taken []*pprof.Profile
	run, err := g.While(ctx, func() (err error) {
		taken, err = profile.Take(ctx, g.Gateway().Admin, p.out, p.length)
		return err
	})
	if err != nil {
		_ = os.Remove(p.out) // unless a profile is in it
		return err
	}
	requests := int(float64(len(run.Samples)) * p.length.Seconds() / run.Length.Seconds()) // in each of the profiles
	fmt.Fprintf(out, "%s: %d requests in %v; the profiles are in %s\n", g.Workload(), requests, p.length, p.out)
	for i := range taken {
		costs, sum, err := profile.Kinds[i].Costs(taken[i], requests)
		if err != nil {
			return err
		}
		p.list(out, &profile.Kinds[i], costs, sum)
	}
	return nil
}

func (p *profiling) list(out io.Writer, k *profile.Kind, costs []profile.Cost, sum float64) {
	fmt.Fprintf(out, "\n## %s by request: %.2f %s (%s.pprof)\n\n", k.Text, sum, k.Unit, k.Name)
	own := profile.Top(costs, p.top, func(c *profile.Cost) float64 { return c.Own })
	all := profile.Top(costs, p.top, func(c *profile.Cost) float64 { return c.All })
	var rows [][]string
	for i := range own {
		rows = append(rows, []string{
			fmt.Sprintf("%.2f", own[i].Own), own[i].Function, fmt.Sprintf("%.2f", all[i].All), all[i].Function,
		})
	}
	report.Table(out, []string{k.Unit, "in itself", k.Unit, "with what it calls"}, rows)
}
