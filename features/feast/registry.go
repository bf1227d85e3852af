package feast

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rankgate/rankgate/rank"
)

// Registry is what a Feast registry file declares, of all its projects. It holds
// what an import needs and nothing else.
type Registry struct {
	Entities []Entity
	Views    []FeatureView // of every kind, each kind in its own order
}

// Entity is a Feast entity.
type Entity struct {
	Name, Project, JoinKey string
	Type                   ValueType // of its ids, where no view says otherwise
}

// FeatureView is a Feast feature view of any kind.
type FeatureView struct {
	Kind          ViewKind
	Name, Project string
	Entities      []string // names of entities
	Columns       []Feature
	JoinKeys      []Feature     // the types with which the view declares its join keys
	TTL           time.Duration // 0 means for ever
	Online        bool
	Disabled      bool
	Owner         string
	Description   string
	Version       int    // current_version_number
	EventTime     string // column of the source
	CreatedTime   string // column of the source
}

// ViewKind is the kind of a feature view.
type ViewKind uint8

// Kinds of views. Only the first two are rows in the online store.
const (
	BatchView ViewKind = iota
	StreamView
	OnDemandView
	LabelView
)

// Feature is one column of a FeatureView.
type Feature struct {
	Name        string
	Type        ValueType
	Description string
	Length      int // of a vector, where it is declared
}

// ValueType is feast.types.ValueType.Enum.
type ValueType int

func (t ValueType) String() string {
	switch name := kindOf(int(t)).name; {
	case t == 0:
		return "INVALID"
	case name == "":
		return fmt.Sprintf("type %d of Feast", int(t))
	default:
		return strings.ToUpper(name)
	}
}

// maxDeclared bounds the entities, views and columns of one registry together.
const maxDeclared = 1 << 17

// ReadRegistry reads the file that `feast apply` writes: the protobuf message
// feast.core.Registry. It takes no more memory than some hundred bytes for each
// of at most 131,072 declarations.
func ReadRegistry(data []byte) (*Registry, error) {
	r := &registryReader{of: &Registry{}}
	r.read("registry", string(data), r.registry)
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("not a Feast registry (a protobuf message feast.core.Registry): %w", r.err)
	case len(r.of.Views) == 0:
		return nil, errors.New("the Feast registry declares no feature view; run `feast apply`")
	}
	return r.of, nil
}

// registryReader fills a Registry. The numbers of fields are those of
// protos/feast/core in feast 0.67.0.
type registryReader struct {
	of       *Registry
	declared int
	views    [len(specs)]int // of each kind
	err      error           // the first mistake
}

// read calls take for every field of a message, which is at the given path.
func (r *registryReader) read(path, data string, take func(f *wireField)) {
	m := message{rest: data}
	for f := (wireField{}); r.err == nil && m.next(&f); {
		take(&f)
	}
	if m.broken {
		r.fail(path, "broken %d bytes before its end", len(m.rest))
	}
}

func (r *registryReader) fail(path, format string, args ...any) {
	if r.err == nil {
		r.err = rank.FieldError{Path: path, Message: fmt.Sprintf(format, args...)}
	}
}

// declare counts a declaration.
func (r *registryReader) declare(path string) {
	if r.declared++; r.declared > maxDeclared {
		r.fail(path, "the registry declares more than %d entities, views and columns", maxDeclared)
	}
}

func (r *registryReader) registry(f *wireField) {
	if f.kind != delimited {
		return
	}
	switch f.number {
	case 1:
		r.entity(fmt.Sprintf("entities[%d]", len(r.of.Entities)), f.bytes)
	case 6:
		r.view("feature_views", BatchView, f.bytes)
	case 14:
		r.view("stream_feature_views", StreamView, f.bytes)
	case 8:
		r.view("on_demand_feature_views", OnDemandView, f.bytes)
	case 19:
		r.view("label_views", LabelView, f.bytes)
	}
}

func (r *registryReader) entity(path, data string) {
	r.declare(path)
	var e Entity
	r.read(path, data, func(f *wireField) {
		if f.number != 1 || f.kind != delimited {
			return
		}
		r.read(path+".spec", f.bytes, func(f *wireField) {
			switch f.number {
			case 1:
				r.text(path+".spec.name", f, &e.Name)
			case 2:
				e.Type = ValueType(int32(f.bits))
			case 4:
				r.text(path+".spec.join_key", f, &e.JoinKey)
			case 9:
				r.text(path+".spec.project", f, &e.Project)
			}
		})
	})
	if e.JoinKey == "" {
		e.JoinKey = e.Name
	}
	if e.Name == "" {
		r.fail(path+".spec.name", "missing")
	}
	r.of.Entities = append(r.of.Entities, e)
}

// text takes a string.
func (r *registryReader) text(path string, f *wireField, into *string) {
	if f.kind != delimited || !utf8.ValidString(f.bytes) {
		r.fail(path, "not a text")
		return
	}
	*into = f.bytes
}

// duration takes a google.protobuf.Duration. What is not positive, or longer
// than 100 years, means for ever.
func (r *registryReader) duration(path string, f *wireField, into *time.Duration) {
	const longest = 36500 * 24 * time.Hour
	var seconds, nanos int64
	r.read(path, f.bytes, func(f *wireField) {
		switch f.number {
		case 1:
			seconds = int64(f.bits)
		case 2:
			nanos = int64(int32(f.bits))
		}
	})
	*into = 0
	if seconds < 0 || seconds > int64(longest/time.Second) {
		return
	}
	if d := time.Duration(seconds)*time.Second + time.Duration(nanos); d > 0 && d <= longest {
		*into = d
	}
}
