package main

import (
	"context"
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
			soaked, err := claims.Soak(ctx, g, settle, length)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "resident memory: %.1f MB in the mean, %+.2f %% an hour\n", soaked.Mean(), 100*soaked.Hourly())
			return nil
		})
	c.Flags().DurationVar(&settle, "settle", claims.SoakSettle, "time before, in which the cache fills")
	c.Flags().DurationVar(&length, "for", claims.SoakLength, "length of the soak")
	return c
}
