package config

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// column decodes one feature: its type alone, or a mapping.
func (d *registry) column(name string, v *value) features.Column {
	c := features.Column{Name: name}
	if v.node.Kind == yaml.ScalarNode && !isNull(v.node) {
		columnType(&c)(v)
		return c
	}
	var fallback *value
	seen := v.fields(fields{
		"type":        columnType(&c),
		"description": text(&c.Description),
		"default":     func(v *value) { fallback = v },
		"required":    truth(&c.Required),
		"vocabulary":  func(v *value) { c.Vocabulary = d.vocabularies.decode(v) },
	})
	v.need(seen, "type", "float32, float64, int64, int32, bool, string, or a vector such as float32[32]")
	if fallback != nil && c.Type != model.Unknown {
		decodeDefault(fallback, &c)
	}
	return c
}

var columnTypes = []string{"float32", "float64", "int64", "int32", "bool", "string"}

// columnType takes "float32" or "float32[32]".
func columnType(c *features.Column) func(*value) {
	return func(v *value) {
		s, ok := v.scalar("a type such as float32 or float32[32]")
		if !ok {
			return
		}
		base, length, vector := strings.Cut(s, "[")
		t, err := model.ParseType(base)
		if err != nil || t == model.Float16 {
			v.fail("%s is not a type of a column; %s", quote(s), hint(base, columnTypes))
			return
		}
		if vector {
			length, closed := strings.CutSuffix(length, "]")
			n, err := strconv.Atoi(length)
			if !closed || err != nil || n < 1 || length != strconv.Itoa(n) {
				v.fail("%s is not a type; a vector is written float32[32]", quote(s))
				return
			}
			c.Length = n
		}
		c.Type = t
	}
}

// decodeDefault takes a constant, or a word for a statistic of the values that
// were loaded. {constant: mean} is the word "mean" itself.
func decodeDefault(v *value, c *features.Column) {
	switch {
	case v.node.Kind == yaml.MappingNode:
		seen := v.fields(fields{"constant": func(v *value) { constant(v, c) }})
		v.need(seen, "constant", "write default: VALUE, or default: {constant: VALUE}")
	case v.node.Value == "mean" && c.Type == model.String:
		v.fail("text has no mean; write most_frequent, or {constant: mean} for the word itself")
	case v.node.Value == "mean" && !v.tagged():
		c.Default.Kind = features.Mean
	case v.node.Value == "most_frequent" && !v.tagged():
		c.Default.Kind = features.MostFrequent
	default:
		constant(v, c)
	}
}

// constant takes a value of the column's own type.
func constant(v *value, c *features.Column) {
	into := &c.Default
	switch {
	case c.Length > 0:
		into.Vector = vector(v)
	case c.Type == model.String:
		text(&into.String)(v)
	case c.Type == model.Bool:
		var yes bool
		if truth(&yes)(v); yes {
			into.Number = 1
		}
	case c.Type == model.Float32:
		var f float32
		number(&f)(v)
		into.Number = float64(f)
	case c.Type == model.Float64:
		into.Number, _ = v.number()
	default:
		into.Number = wholeNumber(v, c.Type)
	}
}

// wholeNumber takes the default of an integer column, which is kept as a
// float64 and so must be one exactly.
func wholeNumber(v *value, t model.Type) float64 {
	s, ok := v.scalar("a whole number")
	if !ok {
		return 0
	}
	bits := 64
	if t == model.Int32 {
		bits = 32
	}
	n, err := strconv.ParseInt(s, 10, bits)
	switch {
	case v.quoted() || !isInteger(s):
		v.fail("must be a whole number, not %s; the column is %s", describe(v.node), t)
	case err != nil:
		v.fail("%s is out of the range of %s", clip(s), t)
	case n < -1<<53 || n > 1<<53:
		v.fail("%s is out of range; a default is at most 2^53", s)
	default:
		return float64(n)
	}
	return 0
}

// vector takes a list of numbers.
func vector(v *value) []float32 {
	numbers := []float32{}
	v.items(func(_ int, item *value) {
		var f float32
		number(&f)(item)
		numbers = append(numbers, f)
	})
	return numbers
}
