package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// gate is rankgate's store.
type gate struct {
	catalog *catalog
	store   *redis.Store
	request rank.Request
	query   features.Query
}

// openGate opens a store that keeps rows in the given number of bytes, 0 for none,
// and is told of changes in the given way.
func openGate(c *catalog, s *server, layout redis.Layout, size int, tracking features.Tracking) (*gate, error) {
	reg := *c.reg
	reg.Views = append([]features.View(nil), c.reg.Views...)
	ttl := time.Hour // nothing but changes and a lack of room makes it forget
	reg.Views[0].Cache = features.RowCache{Size: &size, TTL: &ttl, Tracking: tracking}
	store, err := redis.Open(c.config(s, layout), &reg, nil, deaf{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	g := &gate{catalog: c, store: store}
	g.request.Items = make([]rank.Item, c.items)
	g.query = features.Query{Request: &g.request, Items: make([]int32, c.items), Lookups: []features.Lookup{{
		Rows: make([]*features.Row, c.items), Marks: make([]features.Mark, c.items),
	}}}
	for i := range g.query.Items {
		g.query.Items[i] = int32(i)
	}
	return g, nil
}

func (g *gate) prepare(request []int32) {
	for i, item := range request {
		g.request.Items[i].ID = g.catalog.records[item].Item
	}
}

func (g *gate) ask(context.Context) error {
	l := &g.query.Lookups[0]
	clear(l.Rows)
	g.query.Own.Reset()
	clear(l.Marks)
	l.AsOf = time.Time{}
	g.store.Fetch(&g.query, time.Now().Add(fetchTimeout))
	sum := float32(0)
	for i, row := range l.Rows {
		if row == nil {
			return missingRow(g.request.Items[i].ID)
		}
		sum += row.Floats[0] + row.Floats[len(row.Floats)-1]
	}
	touched += int(sum)
	return nil
}

func (g *gate) hits() uint64 { return g.store.Stats().Views[0].Hits }

func (g *gate) close() { _ = g.store.Close() }

// planned is the same store under a compiled plan: it also judges each row and
// counts what became of it.
type planned struct {
	*gate
	plan  *features.Plan
	items []int32
	rows  features.Rows
}

func openPlanned(c *catalog, s *server) (*planned, error) {
	g, err := openGate(c, s, redis.Packed, everything, features.TrackingKeys)
	if err != nil {
		return nil, err
	}
	view := &c.reg.Views[0]
	in := model.Feed{Tensor: model.Tensor{Name: "x", Type: model.Float32}, Width: len(view.Columns)}
	for _, column := range view.Columns {
		in.Columns = append(in.Columns, model.Column{View: viewName, Name: column.Name})
	}
	plan, err := features.Compile(c.reg, &model.Signature{Inputs: []model.Feed{in}})
	return &planned{gate: g, plan: plan, items: g.query.Items}, err
}

func (p *planned) ask(context.Context) error {
	now := time.Now()
	p.plan.Fetch(p.store, &p.request, p.items, now, now.Add(fetchTimeout), &p.rows)
	if p.rows.Len() != len(p.items) || p.rows.AnyUnsure() {
		return missingRow("?")
	}
	p.rows.Reset()
	return nil
}

// deaf is a listener to whom changes do not matter.
type deaf struct{}

func (deaf) Changed(string, string) {}
func (deaf) ChangedAll()            {}
