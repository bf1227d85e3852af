package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/redis/rueidis"
	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/offline/ingest"
)

func ingestCommand() *cobra.Command {
	var file, admin string
	c := &cobra.Command{
		Use:   "ingest -c gateway.yaml",
		Short: "Turn streaming updates into online rows",
		Long: `Read events from a Redis stream, Kafka topics or both, as the section ingest of
gateway.yaml says, and write them as rows to the online store, features.store.redis,
whose server also holds the stream. Rows that are newer there stay.

Every event is handled at least once. One that can't be a row is kept with the
reason: in the stream's or the topic's dead letters, STREAM:dead or TOPIC.dead.
Any number of processes share the work as one consumer group. SIGTERM or an
interrupt finishes the batch in hand.

Exit codes: 0 after a stop, 1 on failure, 2 for a bad command line, 3 for a
configuration with mistakes.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("name a configuration file (-c gateway.yaml)")}
			}
			cfg, err := config.Read(file)
			if err != nil {
				return invalid(err)
			}
			if cfg.Ingest != nil && admin != "" {
				cfg.Ingest.Admin = admin
				if err := cfg.CheckAdmin(); err != nil {
					return invalid(err)
				}
			}
			return runIngest(c.Context(), cfg, newLogger(cfg.Log))
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "configuration file")
	c.Flags().StringVar(&admin, "admin", "", "address of the metrics, in place of ingest.admin")
	return c
}

// ingestion is everything that `gateway ingest` runs.
type ingestion struct {
	*ingest.Ingest

	log      *slog.Logger
	client   rueidis.Client
	listener net.Listener
	admin    *http.Server
}

func runIngest(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	in, err := openIngestion(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer in.client.Close()
	return in.run(ctx)
}

// openIngestion opens the store, the listener and the sources.
func openIngestion(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *ingestion, err error) {
	switch {
	case cfg.Ingest == nil:
		return nil, invalid(errors.New("ingest: missing; it says where the events come from"))
	case cfg.Features.Redis == nil:
		return nil, invalid(errors.New("features.store.redis: missing; events become rows of a remote store"))
	}
	registry, registryFile, unread := config.ReadRegistry(cfg.Features.Registry)
	access, wrong := openAdmin(&cfg)
	if err := config.Join(unread, wrong); err != nil {
		return nil, invalid(err)
	}
	in := &ingestion{log: log}
	if in.client, err = redis.Connect(*cfg.Features.Redis); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			in.client.Close()
		}
	}()
	writer, err := redis.NewWriter(in.client, *cfg.Features.Redis, registry)
	if err != nil {
		return nil, invalid(registryFile.Place(err))
	}
	if in.listener, err = net.Listen("tcp", cfg.Ingest.Admin); err != nil {
		return nil, fmt.Errorf("ingest.admin (--admin): %w", err)
	}
	if in.Ingest, err = ingest.Open(ctx, cfg.Ingest, ingest.Store{Registry: registry, Writer: writer, Client: in.client}, log); err != nil {
		err = errors.Join(err, in.listener.Close())
		if isField(err) {
			err = invalid(cfg.File.Place(err))
		}
		return nil, err
	}
	in.admin = &http.Server{Handler: access.guard(ingestHandler(in.Stats(), registry)), ReadHeaderTimeout: 5 * time.Second}
	return in, nil
}

// run moves events until ctx ends. The admin listener stays until the last batch
// is done.
func (in *ingestion) run(ctx context.Context) error {
	closed := make(chan error, 1)
	go func() { closed <- in.admin.Serve(in.listener) }()
	in.log.Info("ingesting", "admin", in.listener.Addr().String(), "version", version)
	in.Run(ctx)
	in.log.Info("stopped")
	err := in.admin.Close()
	if served := <-closed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("ingest.admin: %w", served))
	}
	return err
}
