package main

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features/redis"
)

// bare is rueidis, with connections as rankgate's own and nothing around them: one
// MGET of the packed rows, or one HMGET per item of Feast's hashes, all in one
// pipeline. Values are touched and not decoded.
type bare struct {
	catalog *catalog
	client  rueidis.Client
	layout  redis.Layout
	fields  []string
	keys    []string
}

func openBare(c *catalog, s *server, layout redis.Layout) (*bare, error) {
	client, err := redis.Connect(c.config(s, layout))
	if err != nil {
		return nil, err
	}
	return &bare{catalog: c, client: client, layout: layout, fields: c.feast.Fields(), keys: make([]string, c.items)}, nil
}

func (b *bare) prepare(request []int32) { b.catalog.keysOf(request, b.layout, b.keys) }

func (b *bare) ask(ctx context.Context) error {
	if b.layout == redis.Feast {
		return b.askHashes(ctx)
	}
	values, err := b.client.Do(ctx, b.client.B().Mget().Key(b.keys...).Build()).ToArray()
	if err != nil {
		return err
	}
	return touchAll(values)
}

func (b *bare) askHashes(ctx context.Context) error {
	commands := make(rueidis.Commands, len(b.keys))
	for i, key := range b.keys {
		commands[i] = b.client.B().Hmget().Key(key).Field(b.fields...).Build()
	}
	return touchResults(b.client.DoMulti(ctx, commands...))
}

func (b *bare) hits() uint64 { return 0 }

func (b *bare) close() { b.client.Close() }

// cached is rueidis with its own client-side cache, which keeps the server's
// replies as they came.
type cached struct {
	bare
	hit uint64
}

// cachedTTL outlives every run.
const cachedTTL = time.Hour

// openCached opens a client whose cache has the given number of bytes.
func openCached(c *catalog, s *server, layout redis.Layout, size int) (*cached, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{s.Address}, ForceSingleClient: true, AlwaysPipelining: true, PipelineMultiplex: -1, CacheSizeEachConn: size,
	})
	if err != nil {
		return nil, err
	}
	return &cached{bare: bare{catalog: c, client: client, layout: layout, fields: c.feast.Fields(), keys: make([]string, c.items)}}, nil
}

func (b *cached) ask(ctx context.Context) error {
	if b.layout == redis.Feast {
		return b.askHashes(ctx)
	}
	values, err := rueidis.MGetCache(b.client, ctx, cachedTTL, b.keys)
	if err != nil {
		return err
	}
	for _, key := range b.keys {
		value := values[key]
		if err := touch(&value); err != nil {
			return err
		}
		if value.IsCacheHit() {
			b.hit++
		}
	}
	return nil
}

func (b *cached) askHashes(ctx context.Context) error {
	commands := make([]rueidis.CacheableTTL, len(b.keys))
	for i, key := range b.keys {
		commands[i] = rueidis.CT(b.client.B().Hmget().Key(key).Field(b.fields...).Cache(), cachedTTL)
	}
	results := b.client.DoMultiCache(ctx, commands...)
	for i := range results {
		if results[i].IsCacheHit() {
			b.hit++
		}
	}
	return touchResults(results)
}

func (b *cached) hits() uint64 { return b.hit }

// touchResults touches the fields of every hash.
func touchResults(results []rueidis.RedisResult) error {
	for i := range results {
		values, err := results[i].ToArray()
		if err != nil {
			return err
		}
		if err := touchAll(values); err != nil {
			return err
		}
	}
	return nil
}

func touchAll(values []rueidis.RedisMessage) error {
	for i := range values {
		if err := touch(&values[i]); err != nil {
			return err
		}
	}
	return nil
}

func touch(value *rueidis.RedisMessage) error {
	text, err := value.ToString()
	if err != nil {
		return err
	}
	touched += int(text[len(text)-1])
	return nil
}
