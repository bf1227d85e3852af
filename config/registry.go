package config

import (
	"slices"
	"strings"

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

func (d *registry) entities(v *value) {
	names := []string{"string", "int64"}
	types := []model.Type{model.String, model.Int64}
	v.each(func(name string, v *value) {
		e := features.Entity{Name: name}
		seen := v.fields(fields{"type": oneOf(&e.Type, names, types)})
		v.need(seen, "type", "string or int64?")
		d.of.Entities = append(d.of.Entities, e)
	})
}

func (d *registry) views(v *value) {
	v.each(func(name string, v *value) {
		view := features.View{Name: name, Version: 1}
		seen := v.fields(fields{
			"entities":    func(v *value) { decodeTexts(v, &view.Entities) },
			"ttl":         duration(&view.TTL, 0, forever),
			"max_stale":   duration(&view.MaxStale, 0, forever),
			"source":      text(&view.Source),
			"event_time":  text(&view.EventTime),
			"owner":       text(&view.Owner),
			"description": text(&view.Description),
			"version":     count(&view.Version, 1, 1_000_000),
			"columns":     func(v *value) { d.columns(v, &view.Columns) },
		})
		v.need(seen, "entities", "what is the view about? One entity, or two for a pair")
		v.need(seen, "columns", "which features does the view hold?")
		d.of.Views = append(d.of.Views, view)
	})
}

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
