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

// Open joins the groups of the sources that cfg names; a source that can't be
// reached is an error. client is of the server with the stream, and stays the
// caller's.
func Open(ctx context.Context, cfg *Config, reg *features.Registry, client rueidis.Client, writer Writer, log *slog.Logger) (*Ingest, error) {
	in := &Ingest{}
	if cfg.Redis != nil {
		s, err := openStream(ctx, client, *cfg.Redis)
		if err != nil {
			return nil, err
		}
		in.consumers = append(in.consumers, newConsumer("redis", s, reg, writer, cfg, log))
	}
	if cfg.Kafka != nil {
		t, err := openTopics(ctx, *cfg.Kafka, log)
		if err != nil {
			in.close()
			return nil, err
		}
		in.consumers = append(in.consumers, newConsumer("kafka", t, reg, writer, cfg, log))
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
