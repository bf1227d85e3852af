package config

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rankgate/rankgate/model"
)

// maxMetadata is how many values the metadata of a model may hold.
const maxMetadata = 1000

// readModel reads model.yaml into a Spec without name, version and path.
func readModel(f *File) (model.Spec, error) {
	var d modelFile
	err := read(f, d.decode)
	slices.SortFunc(d.of.Inputs, func(a, b model.Input) int { return strings.Compare(a.Name, b.Name) })
	return d.of, err
}

// modelFile decodes model.yaml.
type modelFile struct {
	of     model.Spec
	values int // of the metadata
}

func (d *modelFile) decode(v *value) {
	seen := v.fields(fields{
		"inputs":   d.inputs,
		"score":    d.score,
		"fallback": number(&d.of.Fallback),
		"metadata": d.metadata,
	})
	v.need(seen, "inputs", "which columns feed the inputs of the graph?")
	v.need(seen, "score", "which output of the graph is the score?")
}

func (d *modelFile) inputs(v *value) {
	v.each(func(name string, v *value) {
		in := model.Input{Name: name}
		per := "candidate"
		seen := v.fields(fields{
			"columns": func(v *value) { decodeColumns(v, &in.Columns) },
			"per": func(v *value) {
				per = ""
				word(&per, "candidate", "request")(v)
			},
			"row_index": nonEmpty(&in.RowIndex, "the name of an input"),
		})
		v.need(seen, "columns", "which columns feed this input?")
		in.PerRequest = per == "request"
		if in.PerRequest {
			v.need(seen, "row_index", "an input per: request needs the name of the graph's int64 [rows] input "+
				"that says which request a row belongs to")
		} else if per != "" && seen["row_index"] {
			v.failIn("row_index", "only an input per: request has a row index; add per: request or remove it")
		}
		d.of.Inputs = append(d.of.Inputs, in)
	})
	if v.node.Kind == yaml.MappingNode && len(v.node.Content) == 0 || isNull(v.node) {
		v.fail("is empty; name the inputs of the graph and the columns that feed them")
	}
}

func decodeColumns(v *value, into *[]model.Column) {
	v.items(func(_ int, item *value) {
		s, ok := item.scalar("a column such as user_stats.age")
		if !ok {
			return
		}
		c, ok := model.ParseColumn(s)
		if !ok {
			item.fail("%s is not a column; write view.column, request.name, context.name or missing(view.column)", quote(s))
		}
		*into = append(*into, c)
	})
	if v.node.Kind == yaml.SequenceNode && len(v.node.Content) == 0 {
		v.fail("is empty; list the columns that feed this input")
	}
}

// score takes the name of the one output that is the score, or the weighted
// outputs that it is the sum of.
func (d *modelFile) score(v *value) {
	if v.node.Kind != yaml.MappingNode {
		head := model.Head{Column: -1, Weight: 1}
		nonEmpty(&head.Output, "the name of an output, or a mapping from outputs to their weights")(v)
		d.of.Score = []model.Head{head}
		return
	}
	v.each(func(name string, v *value) {
		head := model.Head{Output: name, Column: -1, Weight: 1}
		v.fields(fields{
			"column": count(&head.Column, 0, 1_000_000),
			"weight": number(&head.Weight),
		})
		d.of.Score = append(d.of.Score, head)
	})
	if len(v.node.Content) == 0 {
		v.fail("is empty; name the outputs of the graph that make the score")
	}
}

// metadata flattens nested values: {metrics: {ndcg10: 0.31}} becomes
// "metrics.ndcg10".
func (d *modelFile) metadata(v *value) {
	d.of.Metadata = map[string]string{}
	v.each(func(name string, v *value) { d.flatten(name, v) })
}

func (d *modelFile) flatten(name string, v *value) {
	if d.values > maxMetadata {
		return
	}
	switch v.node.Kind {
	case yaml.MappingNode:
		v.each(func(key string, child *value) { d.flatten(join(name, key), child) })
		return
	case yaml.SequenceNode:
		v.items(func(i int, child *value) { d.flatten(name+"["+strconv.Itoa(i)+"]", child) })
		return
	}
	d.values++
	_, twice := d.of.Metadata[name]
	switch {
	case v.tagged():
	case twice:
		v.fail("given twice, here and as a nested value or a key with a dot")
	case d.values > maxMetadata:
		v.fail("metadata holds more than %d values", maxMetadata)
	case isNull(v.node):
		d.of.Metadata[name] = ""
	default:
		d.of.Metadata[name] = v.node.Value
	}
}
