package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/claims"
	"github.com/rankgate/rankgate/bench/stack"
)

func soakCommand() *cobra.Command {
	var settle, length time.Duration
	c := workloadCommand("soak", "Keep a gateway busy for long and watch its memory",
		func(ctx context.Context, c *cobra.Command, g *stack.Server) error {
			soaked, err := claims.Soak(ctx, g, claims.SoakStep, settle, length)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "resident memory: %.1f MB in the mean, %+.2f %% an hour, seen for %v; %s\n",
				soaked.Mean(), 100*soaked.Hourly(), length, soaked.Completeness())
			if why := soaked.Invalid(); why != "" {
				return errors.New(why)
			}
			return nil
		})
	c.PreRunE = func(*cobra.Command, []string) error {
		return errors.Join(atLeast("settle", settle, 0), atLeast("for", length, 2*claims.SoakStep))
	}
	c.Flags().DurationVar(&settle, "settle", claims.SoakSettle, "time before, which is not counted: memory grows until the cache is full")
	c.Flags().DurationVar(&length, "for", claims.SoakLength, "length of the soak")
	return c
}
