package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/stack"
	"github.com/rankgate/rankgate/bench/workload"
)

// workloadCommand is one that measures a gateway under a workload. run is given the
// command, for its flags and output, and a gateway that has been started.
func workloadCommand(use, short string, run func(ctx context.Context, c *cobra.Command, g *stack.Server) error) *cobra.Command {
	return &cobra.Command{
		Use:   use + " WORKLOAD",
		Short: short,
		Long:  short + ".\n\nA workload is " + workload.Grammar + ".\n" + workload.Words,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: want one WORKLOAD, which is %s", use, workload.Grammar)
			}
			return nil
		},
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
			g, err := site.StartFor(c.Context(), w)
			if err != nil {
				return err
			}
			defer g.Close()
			return run(c.Context(), c, g)
		},
	}
}

// atLeast returns an error that names the flag if its value is less than it may be.
func atLeast[T cmp.Ordered](flag string, value, least T) error {
	if value >= least {
		return nil
	}
	return fmt.Errorf("--%s: %v; want %v or more", flag, value, least)
}

// atMost returns an error that names the flag if its value is more than it may be.
func atMost[T cmp.Ordered](flag string, value, most T) error {
	if value <= most {
		return nil
	}
	return fmt.Errorf("--%s: %v; want %v or less", flag, value, most)
}

// oneOf returns an error that names the flag unless its value is among those that it
// may have.
func oneOf(flag, value string, may ...string) error {
	if slices.Contains(may, value) {
		return nil
	}
	return fmt.Errorf("--%s: %q; want %s", flag, value, strings.Join(may, " or "))
}
