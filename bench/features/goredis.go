package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	rankgate "github.com/rankgate/rankgate/features/redis"
)

// plain is go-redis with its own defaults: one MGET of the packed rows, or a
// pipeline of one HMGET per item of Feast's hashes.
type plain struct {
	catalog *catalog
	client  *redis.Client
	layout  rankgate.Layout
	fields  []string
	keys    []string
}

func openPlain(c *catalog, s *server, layout rankgate.Layout) *plain {
	return &plain{
		catalog: c, client: redis.NewClient(&redis.Options{Addr: s.Address}),
		layout: layout, fields: c.feast.Fields(), keys: make([]string, c.items),
	}
}

func (p *plain) prepare(request []int32) { p.catalog.keysOf(request, p.layout, p.keys) }

func (p *plain) ask(ctx context.Context) error {
	pipeline := p.client.Pipeline()
	if p.layout == rankgate.Feast {
		for _, key := range p.keys {
			pipeline.HMGet(ctx, key, p.fields...)
		}
	} else {
		pipeline.MGet(ctx, p.keys...)
	}
	replies, err := pipeline.Exec(ctx)
	if err != nil {
		return err
	}
	for _, reply := range replies {
		for _, value := range reply.(*redis.SliceCmd).Val() {
			text, ok := value.(string)
			if !ok {
				return fmt.Errorf("a value is %v", value)
			}
			touched += int(text[len(text)-1])
		}
	}
	return nil
}

func (p *plain) hits() uint64 { return 0 }

func (p *plain) close() { _ = p.client.Close() }
