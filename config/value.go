package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rankgate/rankgate/rank"
)

// Bounds of what one file may cost beyond its size.
const (
	maxErrors  = 100     // mistakes reported
	maxKey     = 256     // bytes of a key
	maxAliased = 1 << 18 // values that all aliases together stand for
)

// value is one node of a file on its way into a Go value. The functions that
// decode it report mistakes and go on, so that one reading finds them all.
type value struct {
	*reader
	up    *value // nil for the document
	key   string // "" for an element of a list
	index int

	name    *yaml.Node // the key as it is written, nil where there is none
	node    *yaml.Node // never an alias
	at      *yaml.Node // where a mistake in it is shown
	aliased bool       // reached through an alias
	depth   int

	meant []string // known fields that unknown ones were probably meant to be
}

// reader collects what is wrong with one file.
type reader struct {
	file    *File
	errs    Errors
	hidden  int // mistakes beyond maxErrors
	aliased int
}

// read calls decode with the document of f, unless it is empty, and returns
// the mistakes that decode reported.
func read(f *File, decode func(*value)) error {
	r := &reader{file: f}
	root := f.root
	if root == nil {
		root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
	}
	decode(&value{reader: r, node: follow(root), at: root})
	return append(r.errs, f.unshown(r.hidden)...).settle()
}

func (r *reader) full() bool { return len(r.errs) == maxErrors }

// fail reports that v is wrong.
func (v *value) fail(format string, args ...any) { v.failAt(v.at, v.path(), format, args...) }

// failIn reports that the field of v with this path is wrong.
func (v *value) failIn(path, format string, args ...any) {
	v.failAt(locate(v.node, v.at, path), join(v.path(), path), format, args...)
}

func (v *value) failAt(at *yaml.Node, path, format string, args ...any) {
	if v.full() {
		v.hidden++
		return
	}
	v.errs = append(v.errs, Error{File: v.file.Path, Line: at.Line, Col: at.Column, Path: path,
		Message: fmt.Sprintf(format, args...)})
}

// path returns how v is reached, "views.user_stats.columns[2]".
func (v *value) path() string {
	switch {
	case v.up == nil:
		return ""
	case v.key == "":
		return v.up.path() + "[" + strconv.Itoa(v.index) + "]"
	default:
		return join(v.up.path(), v.key)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fields maps the keys that a mapping may have to what becomes of their values.
type fields map[string]func(*value)

// fields decodes a mapping with fixed keys and returns those that it has, nil
// if it is none. An empty value is a mapping without keys.
func (v *value) fields(known fields) (seen map[string]bool) {
	if isNull(v.node) || v.node.Kind == yaml.MappingNode {
		seen = map[string]bool{}
	}
	v.each(func(name string, child *value) {
		seen[name] = true
		if decode, ok := known[name]; ok {
			decode(child)
			return
		}
		if v.full() {
			v.hidden++
			return
		}
		names := slices.Sorted(maps.Keys(known))
		v.failAt(child.name, join(v.path(), clip(name)), "unknown field; %s", hint(name, names))
		if meant, ok := rank.Nearest(name, names); ok {
			v.meant = append(v.meant, meant)
		}
	})
	return seen
}

// need reports a field that v does not have, unless it is there with a slip of
// the pen. seen is what fields returned.
func (v *value) need(seen map[string]bool, name, why string) {
	if seen != nil && !seen[name] && !slices.Contains(v.meant, name) {
		v.failAt(v.at, join(v.path(), name), "missing: %s", why)
	}
}

// each decodes a mapping with free keys.
func (v *value) each(decode func(name string, child *value)) {
	if isNull(v.node) {
		return
	}
	if v.node.Kind != yaml.MappingNode {
		v.fail("must be a mapping, not %s", describe(v.node))
		return
	}
	if v.tagged() {
		return
	}
	lines := make(map[string]int, len(v.node.Content)/2)
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		name, ok := v.keyOf(key)
		if !ok {
			continue
		}
		if line, twice := lines[name]; twice {
			v.failAt(key, join(v.path(), name), "given twice; the first is on line %d", line)
			continue
		}
		lines[name] = key.Line
		child := v.child(key, v.node.Content[i+1])
		if child == nil {
			return
		}
		child.key = name
		decode(name, child)
	}
}

// keyOf returns the text of a key of v.
func (v *value) keyOf(key *yaml.Node) (string, bool) {
	k := follow(key)
	switch {
	case k.Tag == "!!merge":
		v.failAt(key, v.path(), "merge keys (<<) are not read; write the fields out")
	case k.Kind != yaml.ScalarNode || isNull(k) || k.Value == "":
		v.failAt(key, v.path(), "a key must be a name, not %s", describe(k))
	case len(k.Value) > maxKey:
		v.failAt(key, v.path(), "the key %s is %d bytes long; at most %d are read", quote(k.Value), len(k.Value), maxKey)
	case k.Style&yaml.TaggedStyle != 0:
		v.failAt(key, v.path(), "tags are not read; remove %s", quote(k.Tag))
	default:
		return k.Value, true
	}
	return "", false
}

// items decodes a list.
func (v *value) items(decode func(i int, child *value)) {
	if v.node.Kind != yaml.SequenceNode {
		v.fail("must be a list, not %s", describe(v.node))
		return
	}
	if v.tagged() {
		return
	}
	for i, node := range v.node.Content {
		child := v.child(nil, node)
		if child == nil {
			return
		}
		child.index = i
		decode(i, child)
	}
}

// child returns the value of node, or nil once aliases lead too far: an alias
// inside its own anchor never ends, and ten levels of "&b [*a, *a]" multiply.
func (v *value) child(key, node *yaml.Node) *value {
	c := &value{reader: v.reader, up: v, name: key, node: follow(node), at: place(key, node),
		aliased: v.aliased || node.Kind == yaml.AliasNode, depth: v.depth + 1}
	if !c.aliased {
		return c
	}
	v.reader.aliased++
	switch {
	case c.depth > maxDepth:
		v.fail("aliases (*) lead more than %d levels deep; does one stand inside its own anchor (&)?", maxDepth)
	case v.reader.aliased == maxAliased:
		v.fail("the aliases (*) of this file stand for more than %d values; use fewer", maxAliased)
	case v.reader.aliased < maxAliased:
		return c
	}
	return nil
}

// tagged reports whether v has a tag of its own, which is a mistake.
func (v *value) tagged() bool {
	if v.node.Style&yaml.TaggedStyle == 0 {
		return false
	}
	v.fail("tags are not read; remove %s", quote(v.node.Tag))
	return true
}

// scalar returns the text of v as it is written, without quotes.
func (v *value) scalar(want string) (string, bool) {
	if v.node.Kind != yaml.ScalarNode || isNull(v.node) {
		v.fail("must be %s, not %s", want, describe(v.node))
		return "", false
	}
	return v.node.Value, !v.tagged()
}

// quoted reports whether v is text in quotes, which is never a number or a word
// with a meaning of its own.
func (v *value) quoted() bool {
	return v.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// describe says what a node is, for "must be …, not …".
func describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(node) && node.Value == "":
		return "empty"
	case node.Tag != "!!str" && printable(node.Value) == node.Value:
		return clip(node.Value)
	default:
		return quote(node.Value)
	}
}

// quote quotes s, cut to what fits a line.
func quote(s string) string { return strconv.Quote(clip(s)) }

func clip(s string) string { return cut(s, 60) }

// cut returns at most so many bytes of s.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
