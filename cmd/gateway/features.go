package main

import "github.com/spf13/cobra"

func featuresCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "features",
		Short: "Declare the features, and look at them",
		Args:  usage(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(featuresGetCommand(), featuresImportCommand())
	return c
}
