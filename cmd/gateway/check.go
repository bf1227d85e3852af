package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var from source
	c := &cobra.Command{
		Use:   "check {-c gateway.yaml | MODELS [--features DATA]}",
		Short: "Check a configuration, its models and its features, without listening",
		Long: `Check everything that serve would need: the configuration, the model
repository, each model.yaml against its graph, the features and their files. The
mistakes of all YAML files are reported together, as file:line:column; once they
are right, those of all graphs and data files, the first of each.

Models that run on pools alone are held against what their servers say of them,
which are waited for for 10 s: without a server that holds the model this ends
with exit code 3.

Exit codes: 0 if serve would start, 1 on failure, 2 for a bad command line, 3 if
there are mistakes.`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := from.read(args)
			if err != nil {
				return err
			}
			cfg.Log.Level = max(cfg.Log.Level, slog.LevelWarn)
			g, err := compose(cfg, newLogger(cfg.Log), fromFiles(&cfg))
			if err != nil {
				return err
			}
			defer g.close()
			g.patience = checkPatience
			if err := g.load(c.Context()); err != nil {
				return err
			}
			if g.redis != nil {
				if err := g.redis.Ping(c.Context()); err != nil {
					return err
				}
			}
			for _, m := range g.catalogue.Load().Models() {
				fmt.Fprintf(c.OutOrStdout(), "model %s: stable %s of %s\n",
					m.Name, m.Stable.Spec.Version, count(len(m.Versions), "version"))
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "ok")
			return err
		},
	}
	from.flags(c)
	return c
}

// checkPatience is how long servers of models are waited for.
const checkPatience = 10 * time.Second

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
