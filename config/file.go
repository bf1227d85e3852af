package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/rankgate/rankgate/rank"
)

// Bounds of one YAML file. A node of the tree takes some hundred times the two
// bytes that it can be written in, which is why maxFile is small.
const (
	maxFile  = 1 << 20
	maxDepth = 32
)

// File is a YAML file that was read, kept for the positions of its fields.
type File struct {
	Path string
	root *yaml.Node // nil for an empty file
}

// Locate returns the position of the field that path leads to, or of the
// nearest field above it that the file has. It returns 0, 0 for a nil File.
func (f *File) Locate(path string) (line, col int) {
	if f == nil {
		return 0, 0
	}
	if f.root == nil {
		return 1, 1
	}
	at := locate(f.root, f.root, path)
	return at.Line, at.Column
}

// Errors gives mistakes that were found elsewhere their positions. It returns
// nil if there are none; a nil File gives none a position.
func (f *File) Errors(fields []rank.FieldError) error {
	shown := fields[:min(len(fields), maxErrors)]
	errs := f.unshown(len(fields) - len(shown))
	for _, e := range shown {
		errs = append(errs, f.error(e.Path, e.Message))
	}
	return errs.settle()
}

// Place is Errors for an error that may be, or join, rank.FieldErrors; others
// stay as they are.
func (f *File) Place(err error) error {
	var fields []rank.FieldError
	var others []error
	for _, e := range joined(err) {
		if field, ok := errors.AsType[rank.FieldError](e); ok {
			fields = append(fields, field)
		} else {
			others = append(others, e)
		}
	}
	return Join(append(others, f.Errors(fields))...)
}

// joined returns what errors.Join has joined, or err alone.
func joined(err error) []error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return list.Unwrap()
	}
	return []error{err}
}

// unshown says that n mistakes are left out, nothing if there are none.
func (f *File) unshown(n int) Errors {
	if n == 0 {
		return nil
	}
	e := Error{Message: fmt.Sprintf("%d mistakes; the first %d are shown", maxErrors+n, maxErrors)}
	if f != nil {
		e.File = f.Path
	}
	return Errors{e}
}

// add joins what was found while f was read with what its stage finds in the
// values, less the echoes: a value that could not be read is its zero value.
func (f *File) add(found error, fields []rank.FieldError) error {
	before := flatten(found)
	fields = slices.DeleteFunc(fields, func(e rank.FieldError) bool { return follows(e.Path, before) })
	return Join(found, f.Errors(fields))
}

func (f *File) error(path, message string) Error {
	e := Error{Path: path, Message: message}
	if f != nil {
		e.File = f.Path
		e.Line, e.Col = f.Locate(path)
	}
	return e
}

// resolve returns the path named in f as seen from the working directory.
func (f *File) resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(f.Path), path)
}

// open reads and parses a YAML file.
func open(path string) (*File, error) {
	data, err := readFile(path, maxFile)
	if err != nil {
		return nil, Errors{{File: path, Message: "can't be read: " + err.Error()}}
	}
	return parse(path, data)
}

// parse reads data, which stands in the file called path, into a tree.
func parse(path string, data []byte) (f *File, err error) {
	f = &File{Path: path}
	if err := f.refuse(data); err != nil {
		return nil, err
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, fmt.Errorf("BUG: the YAML reader refuses its options: %w", err)
	}
	var docs [2]yaml.Node
	for i := range docs {
		switch err := loader.Load(&docs[i]); {
		case errors.Is(err, io.EOF):
			return f, nil
		case err != nil:
			return nil, f.syntax(err)
		case i == 0 && len(docs[0].Content) > 0:
			f.root = docs[0].Content[0]
		}
	}
	return nil, Errors{{File: path, Line: docs[1].Line, Col: docs[1].Column,
		Message: "a second document starts here; a file holds one, without --- between its parts"}}
}

// directive finds a line that starts with %, after any of YAML's line breaks.
var directive = regexp.MustCompile(`(?:^|[\n\r\x{85}\x{2028}\x{2029}\x{feff}])%`)

// refuse looks for what the parser must not see: it reads UTF-16 too, and takes
// a time that grows with the square of the %TAG directives, 20 s for 1 MiB.
func (f *File) refuse(data []byte) error {
	if !utf8.Valid(data) {
		return Errors{{File: f.Path, Message: "not YAML: the text is not UTF-8"}}
	}
	if at := directive.FindIndex(data); at != nil {
		line := 1 + bytes.Count(data[:at[1]], []byte("\n"))
		return Errors{{File: f.Path, Line: line, Col: 1,
			Message: "directives (%) are not read; remove the line, or indent it if it is text"}}
	}
	return nil
}

// syntax turns the parser's complaint into ours.
func (f *File) syntax(err error) error {
	var bad *yaml.LoadError
	if !errors.As(err, &bad) {
		return Errors{{File: f.Path, Message: "not YAML: " + err.Error()}}
	}
	message := "not YAML: " + printable(cut(bad.Message, 200)) // it may quote the file
	if bad.ContextMsg != "" {
		message += ", " + bad.ContextMsg
		if bad.ContextMark.Line > 0 && bad.ContextMark != bad.Mark {
			message += fmt.Sprintf(" that starts at %d:%d", bad.ContextMark.Line, bad.ContextMark.Column)
		}
	}
	return Errors{{File: f.Path, Line: bad.Mark.Line, Col: bad.Mark.Column, Message: message}}
}

// readFile returns the content of a regular file of at most limit bytes. The
// size and the kind are asked first: to open a pipe would wait for its writer.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, errors.New(reason(err))
	case info.IsDir():
		return nil, errors.New("it is a directory, not a file")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, errors.New(reason(err))
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("it is larger than the %d bytes that are read", limit)
	}
	return data, nil
}

// reason strips what the caller says anyway, the operation and the path.
func reason(err error) string {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// locate returns the place of the field that path leads to from node, whose own
// place is at, or of the nearest one above it.
func locate(node, at *yaml.Node, path string) *yaml.Node {
	for path != "" {
		key, next, rest := step(node, path)
		if next == nil {
			break
		}
		at, node, path = place(key, next), follow(next), rest
	}
	return at
}

// follows reports whether a mistake at path may be no more than the echo of one
// that was reported before, at the same field, above it or below it.
func follows(path string, before Errors) bool {
	return slices.ContainsFunc(before, func(e Error) bool { return within(e.Path, path) || within(path, e.Path) })
}

// within reports whether path is outer or leads through it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (outer == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// step goes one part of path down from node. Names may themselves hold dots
// and brackets ("input.1"), so the longest key that path starts with wins.
func step(node *yaml.Node, path string) (key, next *yaml.Node, rest string) {
	switch node.Kind {
	case yaml.SequenceNode:
		number, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i < 0 || i >= len(node.Content) {
			return nil, nil, ""
		}
		return nil, node.Content[i], strings.TrimPrefix(rest, ".")
	case yaml.MappingNode:
		longest := 0
		for i := 0; i+1 < len(node.Content); i += 2 {
			k := follow(node.Content[i])
			after, ok := strings.CutPrefix(path, k.Value)
			if !ok || k.Kind != yaml.ScalarNode || len(k.Value) <= longest {
				continue
			}
			if after == "" || after[0] == '.' || after[0] == '[' {
				longest = len(k.Value)
				key, next, rest = node.Content[i], node.Content[i+1], strings.TrimPrefix(after, ".")
			}
		}
	}
	return key, next, rest
}

// place returns the node to point at for a value: the value itself if it is a
// scalar that is written, else its key if it has one.
func place(key, node *yaml.Node) *yaml.Node {
	scalar := node.Kind == yaml.ScalarNode && (node.Value != "" || !isNull(node))
	if scalar || node.Kind == yaml.AliasNode || key == nil {
		return node
	}
	return key
}

// follow returns what an alias stands for, any other node as it is.
func follow(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}
