package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
)

// renderFeatures writes an import as features.yaml, what was left out as
// comments in its place.
func renderFeatures(got *feast.Import) []byte {
	w := &featuresWriter{}
	w.comment(0, "From the registry of Feast's project "+got.Project+". In gateway.yaml, beside it:")
	w.comment(0, "")
	w.comment(0, "  features:")
	w.comment(0, "    registry: features.yaml")
	w.comment(0, "    store: {redis: {addresses: [HOST:PORT], layout: feast, project: "+scalar(got.Project)+"}}")
	w.comment(0, "")
	w.comment(0, "with key_version: 2 if feature_store.yaml says entity_key_serialization_version: 2.")
	w.comment(0, "A row older than its view's ttl counts as missing here, whereas Feast's Python server")
	w.comment(0, "goes on returning it; max_stale allows for late materializations.")
	w.line(0, "entities:")
	for _, e := range got.Registry.Entities {
		w.entity(e)
	}
	w.line(0, "views:")
	for i := range got.Registry.Views {
		w.view(&got.Registry.Views[i], got.Omitted)
	}
	for _, o := range got.Omitted {
		if o.As == "" {
			w.comment(1, o.String())
		}
	}
	return w.out.Bytes()
}

// featuresWriter writes YAML line by line.
type featuresWriter struct{ out bytes.Buffer }

func (w *featuresWriter) line(depth int, text string) {
	fmt.Fprintf(&w.out, "%s%s\n", strings.Repeat("  ", depth), text)
}

func (w *featuresWriter) comment(depth int, text string) {
	w.line(depth, strings.TrimRight("# "+printable(text), " "))
}

// field writes a field of a view, nothing for an empty value.
func (w *featuresWriter) field(key, value string) {
	if value != "" {
		w.line(2, key+": "+scalar(value))
	}
}

// joinTypes is how features.yaml writes the types of join keys.
var joinTypes = map[features.JoinType]string{
	features.JoinBytes: "bytes", features.JoinString: "string", features.JoinInt32: "int32", features.JoinInt64: "int64",
	features.JoinUnixTimestamp: "unix_timestamp",
}

func (w *featuresWriter) entity(e features.Entity) {
	fields := []string{"type: " + e.Type.String()}
	if e.JoinKey != "" {
		fields = append(fields, "join_key: "+scalar(e.JoinKey))
	}
	if e.JoinType != features.JoinAuto {
		fields = append(fields, "join_type: "+joinTypes[e.JoinType])
	}
	w.line(1, scalar(e.Name)+": {"+strings.Join(fields, ", ")+"}")
}

func (w *featuresWriter) view(v *features.View, omitted []feast.Omission) {
	w.line(1, scalar(v.Name)+":")
	w.line(2, "entities: ["+strings.Join(v.Entities, ", ")+"]")
	w.field("stored_as", v.StoredAs)
	if v.TTL > 0 {
		w.line(2, "ttl: "+days(v.TTL))
	}
	w.field("owner", v.Owner)
	w.field("description", v.Description)
	w.field("event_time", v.EventTime)
	w.field("created_time", v.CreatedTime)
	w.line(2, "columns:")
	for i := range v.Columns {
		w.column(&v.Columns[i])
	}
	for _, o := range omitted {
		if o.As == v.Name {
			w.comment(3, o.Column+" is left out: "+o.Why)
		}
	}
}

func (w *featuresWriter) column(c *features.Column) {
	typ := c.Type.String()
	if c.Length > 0 {
		typ = fmt.Sprintf("%q", fmt.Sprintf("%s[%d]", c.Type, c.Length)) // or YAML takes the brackets for a list
	}
	if c.Description != "" {
		typ = "{type: " + typ + ", description: " + scalar(c.Description) + "}"
	}
	w.line(3, scalar(c.Name)+": "+typ)
}

// days is a duration as features.yaml takes it.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return d.String()
	}
}

// notText are plain scalars that YAML, in one version or another, takes for
// something else than text.
var notText = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// scalar writes a text as YAML: as it stands where that can mean nothing else.
func scalar(s string) string {
	if plain.MatchString(s) && !slices.Contains(notText, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

// printable leaves out of a foreign text what could end a comment or steer a
// terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
