package ingest

import (
	"context"
	"log/slog"
	"sync"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
)

// Ingest is a consumer for each source of a configuration.
type Ingest struct{ consumers []*Consumer }

// Store is where the rows of a registry's views go.
type Store struct {
	Registry *features.Registry
	Writer   Writer
	Client   rueidis.Client // of the server, which holds the stream too; it stays the caller's
}

// Open joins the groups of the sources that cfg names; a source that can't be
// reached is an error.
func Open(ctx context.Context, cfg *Config, store Store, log *slog.Logger) (*Ingest, error) {
	in := &Ingest{}
	if cfg.Redis != nil {
		s, err := openStream(ctx, store.Client, *cfg.Redis)
		if err != nil {
			return nil, err
		}
		in.consumers = append(in.consumers, newConsumer("redis", s, store, cfg, log))
	}
	if cfg.Kafka != nil {
		t, err := openTopics(ctx, *cfg.Kafka, log)
		if err != nil {
			in.close()
			return nil, err
		}
		in.consumers = append(in.consumers, newConsumer("kafka", t, store, cfg, log))
	}
	return in, nil
}

// Stats returns the counters of each source.
func (in *Ingest) Stats() []*Stats {
	stats := make([]*Stats, len(in.consumers))
	for i, c := range in.consumers {
		stats[i] = c.Stats
	}
	return stats
}

// Run moves events until ctx ends, then finishes the batches in hand and leaves
// the groups. It may be called once.
func (in *Ingest) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, c := range in.consumers {
		group.Go(func() { c.run(ctx) })
		group.Go(func() { c.watchLag(ctx) })
	}
	group.Wait()
	in.close()
}

func (in *Ingest) close() {
	for _, c := range in.consumers {
		c.source.close()
	}
}
