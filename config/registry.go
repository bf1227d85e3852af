package config

import (
	"slices"
	"strings"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// ReadRegistry reads features.yaml and the vocabulary files that it names. The
// File tells where its fields stand.
func ReadRegistry(file string) (*features.Registry, *File, error) {
	f, err := open(file)
	if err != nil {
		return nil, nil, err
	}
	return readRegistry(f)
}

func readRegistry(f *File) (*features.Registry, *File, error) {
	d := &registry{of: &features.Registry{}}
	err := read(f, d.decode)
	slices.SortFunc(d.of.Entities, func(a, b features.Entity) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(d.of.Views, func(a, b features.View) int { return strings.Compare(a.Name, b.Name) })
	if err := Join(f.add(err, d.of.Validate()), d.vocabularies.wrong.settle()); err != nil {
		return nil, nil, err
	}
	return d.of, f, nil
}

// registry decodes features.yaml.
type registry struct {
	of           *features.Registry
	vocabularies vocabularies
}

func (d *registry) decode(v *value) {
	v.fields(fields{
		"entities": d.entities,
		"views":    d.views,
		"context":  func(v *value) { d.columns(v, &d.of.Context) },
		"request":  func(v *value) { d.columns(v, &d.of.Request) },
	})
}

// Types of a Feast join key, as features.yaml writes them.
var (
	joinNames = []string{"bytes", "string", "int32", "int64", "unix_timestamp"}
	joinTypes = []features.JoinType{
		features.JoinBytes, features.JoinString, features.JoinInt32, features.JoinInt64, features.JoinUnixTimestamp,
	}
)

func (d *registry) entities(v *value) {
	names := []string{"string", "int64"}
	types := []model.Type{model.String, model.Int64}
	v.each(func(name string, v *value) {
		e := features.Entity{Name: name}
		seen := v.fields(fields{
			"type":      oneOf(&e.Type, names, types),
			"join_key":  nonEmpty(&e.JoinKey, "the entity's name in Feast"),
			"join_type": oneOf(&e.JoinType, joinNames, joinTypes),
		})
		v.need(seen, "type", "string or int64?")
		d.of.Entities = append(d.of.Entities, e)
	})
}

func (d *registry) views(v *value) {
	v.each(func(name string, v *value) {
		view := features.View{Name: name, Version: 1}
		seen := v.fields(fields{
			"entities":     func(v *value) { decodeTexts(v, &view.Entities) },
			"ttl":          duration(&view.TTL, 0, forever),
			"max_stale":    duration(&view.MaxStale, 0, forever),
			"source":       text(&view.Source),
			"event_time":   text(&view.EventTime),
			"created_time": text(&view.CreatedTime),
			"owner":        text(&view.Owner),
			"description":  text(&view.Description),
			"version":      count(&view.Version, 1, 1_000_000),
			"stored_as":    nonEmpty(&view.StoredAs, "the view's name in the remote store"),
			"cache":        func(v *value) { decodeRowCache(v, &view.Cache) },
			"columns":      func(v *value) { d.columns(v, &view.Columns) },
		})
		v.need(seen, "entities", "what is the view about? One entity, or two for a pair")
		v.need(seen, "columns", "which features does the view hold?")
		d.of.Views = append(d.of.Views, view)
	})
}

func decodeRowCache(v *value, into *features.RowCache) {
	var bytes int
	var ttl, negative time.Duration
	seen := v.fields(fields{
		"size":         size(&bytes, 0, 1<<40),
		"ttl":          duration(&ttl, time.Millisecond, maxRowTTL),
		"negative_ttl": duration(&negative, 0, maxRowTTL),
		"tracking":     oneOf(&into.Tracking, trackingNames, trackings),
	})
	if seen["size"] {
		into.Size = &bytes
	}
	if seen["ttl"] {
		into.TTL = &ttl
	}
	if seen["negative_ttl"] {
		into.Negative = &negative
	}
}

// maxRowTTL is the longest that a row may be trusted without asking again.
const maxRowTTL = 30 * day

var (
	trackingNames = []string{"keys", "broadcast", "off"}
	trackings     = []features.Tracking{features.TrackingKeys, features.TrackingBroadcast, features.TrackingOff}
)

func (d *registry) columns(v *value, into *[]features.Column) {
	v.each(func(name string, v *value) {
		*into = append(*into, d.column(name, v))
	})
}

func decodeTexts(v *value, into *[]string) {
	v.items(func(_ int, item *value) {
		if s, ok := item.scalar("text"); ok {
			*into = append(*into, s)
		}
	})
}
