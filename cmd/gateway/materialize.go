package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/offline"
)

// materialization is the command line of gateway materialize.
type materialization struct {
	from     source
	options  offline.Options
	rehearse bool
	quiet    bool
}

func materializeCommand() *cobra.Command {
	var m materialization
	c := &cobra.Command{
		Use:   "materialize -c gateway.yaml [--view VIEW]... [--from FILE_OR_DIRECTORY]",
		Short: "Fill the feature store in Redis from files",
		Long: `Write the sources of views, Parquet or CSV files or directories of them, into the
Redis server of features.store.redis. The latest row of each entity by event time,
then by created time, is what stays, in the sources as in the server: a row that
is older than what the server holds is skipped. Memory does not grow with the
sources, and running the command twice does no harm.

With --checkpoint a run that was cut short, by kill -9 too, goes on where it
stopped when the same command is run again. The file is removed once all is
written. With --baseline the means and most frequent values of the columns that
default to them are written to a file, which features.baseline names.

Exit codes: 0 if all was written, 1 on failure or when interrupted, 2 for a bad
command line, 3 for a configuration with mistakes.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return m.run(c.Context(), c.OutOrStdout())
		},
	}
	flags := c.Flags()
	flags.StringVarP(&m.from.file, "config", "c", "", "configuration file")
	flags.StringArrayVar(&m.options.Views, "view", nil, "view to fill, may be repeated (default: every view that has a source)")
	flags.StringVar(&m.options.From, "from", "", "file or directory to read in place of the view's source")
	flags.BoolVar(&m.rehearse, "dry-run", false, "read and check everything, and write nothing")
	flags.IntVar(&m.options.Batch, "batch", 10_000, "rows of a source that are written together")
	flags.StringVar(&m.options.Checkpoint, "checkpoint", "", "file that notes how far the run has come")
	flags.StringVar(&m.options.Baseline, "baseline", "", "file for the defaults that are learnt from the rows")
	flags.BoolVar(&m.quiet, "no-progress", false, "show no progress on standard error")
	return c
}

func (m *materialization) run(ctx context.Context, out io.Writer) error {
	switch {
	case m.from.file == "":
		return usageError{errors.New("name a configuration file (-c gateway.yaml)")}
	case m.options.Batch < 1:
		return usageError{fmt.Errorf("--batch %d: it must be at least 1", m.options.Batch)}
	case m.rehearse && (m.options.Checkpoint != "" || m.options.Baseline != ""):
		return usageError{errors.New("--dry-run writes nothing, so --checkpoint and --baseline have no effect; leave one or the other out")}
	}
	for flag, path := range map[string]string{"--checkpoint": m.options.Checkpoint, "--baseline": m.options.Baseline} {
		if info, err := os.Stat(filepath.Dir(path)); path != "" && (err != nil || !info.IsDir()) {
			return usageError{fmt.Errorf("%s %s: there is no directory %s", flag, path, filepath.Dir(path))}
		}
	}
	if m.options.Checkpoint != "" && m.options.Checkpoint == m.options.Baseline {
		return usageError{fmt.Errorf("--checkpoint and --baseline name the same file, %s", m.options.Baseline)}
	}
	cfg, registryFile, err := m.configure()
	if err != nil {
		return err
	}
	store := *cfg.Features.Redis
	writer, closeWriter, err := m.open(store)
	if err != nil {
		return err
	}
	defer closeWriter()
	m.options.Writer = writer
	m.options.Target = target(&store)
	if !m.quiet {
		m.options.Progress = newProgress(os.Stderr)
	}
	counts, err := offline.Materialize(ctx, m.options)
	if _, ok := errors.AsType[offline.RequestError](err); ok {
		return usageError{err}
	}
	if isField(err) {
		return invalid(registryFile.Place(err))
	}
	for _, c := range counts {
		if err != nil && c.Read == 0 {
			continue // the run did not come to it
		}
		line := c.String()
		if m.rehearse {
			line += " (dry run: nothing was written)"
		}
		fmt.Fprintln(out, line)
	}
	return err
}

// configure reads the configuration and the registry that it names.
func (m *materialization) configure() (config.Config, *config.File, error) {
	cfg, err := m.from.read(nil)
	if err != nil {
		return cfg, nil, err
	}
	switch {
	case cfg.Features.Registry == "":
		return cfg, nil, invalid(errors.New("features.registry: missing; it names features.yaml, which describes the views"))
	case cfg.Features.Redis == nil:
		return cfg, nil, invalid(errors.New("features.store.redis: missing; the embedded store reads its sources by itself"))
	}
	var file *config.File
	m.options.Registry, file, err = config.ReadRegistry(cfg.Features.Registry)
	m.options.Dir = filepath.Dir(cfg.Features.Registry)
	return cfg, file, invalid(err)
}

// open returns what rows are given to. A dry run reaches no server.
func (m *materialization) open(cfg redis.Config) (_ offline.Writer, closeWriter func(), err error) {
	if m.rehearse {
		writer, err := redis.NewWriter(nil, cfg, m.options.Registry)
		return offline.Rehearsal{Writer: writer}, func() {}, invalid(err)
	}
	client, err := redis.Connect(cfg)
	if err != nil {
		return nil, nil, err
	}
	writer, err := redis.NewWriter(client, cfg, m.options.Registry)
	if err != nil {
		client.Close()
		return nil, nil, invalid(err)
	}
	return writer, client.Close, nil
}

// target tells stores apart.
func target(cfg *redis.Config) string {
	layout := "packed " + cfg.Prefix
	if cfg.Layout == redis.Feast {
		layout = fmt.Sprintf("feast %s, key version %d", cfg.Project, cfg.KeyVersion)
	}
	servers := strings.Join(cfg.Addresses, " ")
	if cfg.Mode == redis.Sentineled {
		servers = cfg.Sentinel.Master + " of the sentinels " + servers
	}
	return fmt.Sprintf("%s, database %d, %s", servers, cfg.Database, layout)
}
