package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/model"
)

// shape is what a request asks for: so many items of so many float32 columns.
type shape struct{ items, columns int }

func (s shape) String() string { return fmt.Sprintf("%d items × %d float32", s.items, s.columns) }

// catalog is a view of items, the rows of all of them, and what they are called
// in each layout.
type catalog struct {
	shape
	reg     *features.Registry
	records []features.Record

	packed     *packed.View
	feast      *feast.View
	packedKeys []string // by item, as feastKeys
	feastKeys  []string
}

// Names in features.yaml and in Feast's repository.
const (
	viewName = "item_stats"
	joinKey  = "item_id"
	project  = "bench"
	firstID  = 1_000_000
)

func newCatalog(s shape, items int) (*catalog, error) {
	c := &catalog{shape: s, reg: &features.Registry{
		Entities: []features.Entity{{Name: features.ItemEntity, Type: model.Int64, JoinKey: joinKey}},
		Views:    []features.View{{Name: viewName, Entities: []string{features.ItemEntity}, EventTime: timeColumn}},
	}}
	view := &c.reg.Views[0]
	for i := range s.columns {
		view.Columns = append(view.Columns, features.Column{Name: fmt.Sprintf("f%02d", i), Type: model.Float32})
	}
	layout := features.LayoutOf(view.Columns)
	cfg := redis.DefaultConfig()
	c.packed = packed.New(cfg.Prefix, view, layout)
	var err error
	if c.feast, err = feast.New(project, cfg.KeyVersion, c.reg, view, layout); err != nil {
		return nil, err
	}
	return c, c.fill(items, layout)
}

// fill makes a row for each item.
func (c *catalog) fill(items int, layout *features.Layout) error {
	random := rand.New(rand.NewPCG(1, uint64(c.columns))) //nolint:gosec // the same rows in every run
	now := time.Now().UnixMilli()
	c.records = make([]features.Record, items)
	for i, row := range layout.NewRows(items) {
		for column := range layout.Cells {
			layout.Cells[column].SetFloat(&row, random.Float64())
		}
		row.Time = now
		id := strconv.Itoa(firstID + i)
		c.records[i] = features.Record{Item: id, Row: row}
		packedKey, err := c.packed.AppendKey(nil, "", id)
		if err != nil {
			return err
		}
		feastKey, err := c.feast.AppendKey(nil, "", id)
		if err != nil {
			return err
		}
		c.packedKeys, c.feastKeys = append(c.packedKeys, string(packedKey)), append(c.feastKeys, string(feastKey))
	}
	return nil
}

// config is the configuration of a store or a writer over s.
func (c *catalog) config(s *server, layout redis.Layout) redis.Config {
	cfg := redis.DefaultConfig()
	cfg.Addresses, cfg.Layout, cfg.Project = []string{s.Address}, layout, project
	cfg.Timeout = fetchTimeout
	return cfg
}

// fetchTimeout is more than any fetch takes, also on a busy machine.
const fetchTimeout = 5 * time.Second

// load stores every row in both layouts.
func (c *catalog) load(ctx context.Context, s *server) error {
	for _, layout := range []redis.Layout{redis.Packed, redis.Feast} {
		if err := c.write(ctx, c.config(s, layout)); err != nil {
			return err
		}
	}
	return nil
}

// write stores every row in the layout of cfg, in batches as materialize does.
func (c *catalog) write(ctx context.Context, cfg redis.Config) error {
	client, err := redis.Connect(cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	writer, err := redis.NewWriter(client, cfg, c.reg)
	if err != nil {
		return err
	}
	return c.writeBatches(ctx, writer)
}

// batchRows is how many rows materialize gives to a writer at a time.
const batchRows = 10_000

func (c *catalog) writeBatches(ctx context.Context, writer *redis.Writer) error {
	for batch := range slices.Chunk(c.records, batchRows) {
		written, err := writer.Write(ctx, 0, batch)
		if err != nil {
			return err
		}
		if written.Stored != len(batch) {
			return fmt.Errorf("%d of %d rows were stored", written.Stored, len(batch))
		}
	}
	return nil
}

// keysOf fills keys with those of the items of a request.
func (c *catalog) keysOf(request []int32, layout redis.Layout, keys []string) {
	all := c.packedKeys
	if layout == redis.Feast {
		all = c.feastKeys
	}
	for i, item := range request {
		keys[i] = all[item]
	}
}

// inTurn asks for every item once.
func (c *catalog) inTurn(ctx context.Context, a asker) error {
	request := make([]int32, c.items)
	for from := 0; from+c.items <= len(c.records); from += c.items {
		for i := range request {
			request[i] = int32(from + i)
		}
		a.prepare(request)
		if err := a.ask(ctx); err != nil {
			return err
		}
	}
	return nil
}
