package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/config"
)

// source is what a command line says about where the configuration is: a file,
// or a model repository with or without a directory of features.
type source struct {
	file     string
	features string
	listen   string
	admin    string
}

func (s *source) flags(c *cobra.Command) {
	c.Flags().StringVarP(&s.file, "config", "c", "", "configuration file")
	c.Flags().StringVar(&s.features, "features", "", "directory with features.yaml and its sources, when there is no configuration file")
}

// read returns the configuration; args holds at most the model repository.
func (s *source) read(args []string) (config.Config, error) {
	var cfg config.Config
	var err error
	switch {
	case s.file != "" && (len(args) > 0 || s.features != ""):
		return cfg, usageError{errors.New("name a configuration file (-c), or a model repository with --features, not both")}
	case s.file != "":
		if cfg, err = config.Read(s.file); err != nil {
			err = config.Join(err, alsoWrong(cfg))
		}
	case len(args) > 0:
		cfg, err = config.ForDirectories(args[0], s.features)
	default:
		return cfg, usageError{errors.New("name a configuration file (-c gateway.yaml) or a model repository (./models --features ./data)")}
	}
	if s.listen != "" {
		cfg.Listen.HTTP = s.listen
	}
	if s.admin != "" {
		cfg.Listen.Admin = s.admin
		err = config.Join(err, cfg.CheckAdmin())
	}
	return cfg, invalid(err)
}

// alsoWrong returns the mistakes in the files that a configuration names which
// has mistakes itself, as far as it names files that are there.
func alsoWrong(cfg config.Config) error {
	var wrong error
	if _, err := os.Stat(cfg.Features.Registry); err == nil {
		_, _, wrong = config.ReadRegistry(cfg.Features.Registry)
	}
	if _, err := os.Stat(cfg.Models.Repository); err == nil {
		_, err := config.ReadRepository(cfg.Models.Repository, cfg.Remote)
		wrong = config.Join(wrong, err)
	}
	return wrong
}

// invalid marks err, unless it is nil, as a mistake of the configuration.
func invalid(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w:\n%w", errInvalid, err)
}

func serveCommand() *cobra.Command {
	var from source
	c := &cobra.Command{
		Use:   "serve {-c gateway.yaml | MODELS [--features DATA]}",
		Short: "Serve models",
		Long: `Serve models, as gateway.yaml says or straight from a directory.

SIGHUP reads the sources of the features again and swaps them in whole; if one
is broken the old features stay. (With features in Redis there is nothing to
read.) It reads API keys, the admin token and certificates again too. SIGTERM or an interrupt drains: readiness goes off, requests are still
taken while load balancers notice (drain.wait), then connections are closed one
answer at a time (drain.linger), then the process ends.

Exit codes: 0 after a drain, 1 on failure, 2 for a bad command line, 3 for a
configuration with mistakes.`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := from.read(args)
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg)
		},
	}
	from.flags(c)
	c.Flags().StringVar(&from.listen, "listen", "", "address to serve on, in place of listen.http")
	c.Flags().StringVar(&from.admin, "admin", "", "address of the admin listener, in place of listen.admin")
	return c
}

// serve runs a gateway until ctx ends and it has drained. It listens before
// anything is loaded, so that health and readiness can be asked meanwhile.
func serve(ctx context.Context, cfg config.Config) error {
	signals, stop := hangups()
	defer stop()
	spaceCollections()
	log := newLogger(cfg.Log)
	g, err := compose(cfg, log, fromFiles(&cfg))
	if err != nil {
		return err
	}
	defer g.close()
	if err := g.listen(); err != nil {
		return err
	}
	log.Info("listening", append(g.addresses(), "version", version, "onnxruntime", g.runtime.Version,
		"library", g.runtime.Library, "providers", g.runtime.Providers)...)
	served := make(chan error, 1)
	go func() { served <- g.run(ctx) }()
	switch err := g.load(ctx); {
	case err == nil:
		log.Info("ready")
	case ctx.Err() == nil:
		return errors.Join(err, g.stop(ctx, server.Shutdown), <-served)
	}
	go g.reloadOn(ctx, signals)
	return <-served
}

func newLogger(cfg config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
