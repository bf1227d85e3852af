package model

import (
	"fmt"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// Tensor is an input or output as the graph declares it. Dims holds -1 for a
// dimension that is free.
type Tensor struct {
	Name string
	Type Type
	Dims []int64
}

func (t Tensor) String() string {
	dims := make([]string, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = "?"
		if d >= 0 {
			dims[i] = fmt.Sprint(d)
		}
	}
	return fmt.Sprintf("%s %s[%s]", t.Name, t.Type, strings.Join(dims, ", "))
}

// Graph is what a model file declares about itself.
type Graph struct {
	Inputs  []Tensor
	Outputs []Tensor
}

// Signature is a Spec that agrees with its Graph: every graph input is fed
// exactly once, and types and widths fit. It is immutable.
type Signature struct {
	Inputs []Feed
	Heads  []Head
}

// Feed is one graph input and how it is filled.
type Feed struct {
	Tensor
	Columns    []Column // empty for a row index
	Widths     []int    // by Columns: elements of each
	Width      int      // elements per row (or per request)
	PerRequest bool
	RowIndex   bool // int64 [rows]: the pass slot of the row's request
	Elements   int  // of the columns together, where the input is not they but what is computed of them (see Part); else 0
}

// Widths tells how many elements a column is (1, or a vector's length) and
// whether it can feed an input of the given type.
type Widths func(c Column, into Type) (int, error)

// Resolve checks spec against graph and returns their agreement, or every
// disagreement at once as FieldErrors joined in one slice.
func Resolve(spec *Spec, graph Graph, widths Widths) (*Signature, []rank.FieldError) {
	r := resolver{graph: graph, widths: widths, fed: map[string]bool{}}
	sig := &Signature{Heads: spec.Score}
	for _, in := range spec.Inputs {
		r.input(sig, in)
	}
	for _, t := range graph.Inputs {
		if !r.fed[t.Name] {
			r.fail("inputs", "the graph's input %s is not fed; add inputs.%s with its columns", t, t.Name)
		}
	}
	r.heads(spec.Score)
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return sig, nil
}

type resolver struct {
	graph  Graph
	widths Widths
	fed    map[string]bool
	errs   []rank.FieldError
}

func (r *resolver) fail(path, format string, args ...any) {
	r.errs = append(r.errs, rank.FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (r *resolver) input(sig *Signature, in Input) {
	path := "inputs." + in.Name
	t, ok := find(r.graph.Inputs, in.Name)
	if !ok {
		r.fail(path, "the graph has no such input; it has %s", names(r.graph.Inputs))
		return
	}
	r.fed[t.Name] = true
	width := 0
	var widths []int
	for i, c := range in.Columns {
		if in.PerRequest && c.View == RequestView {
			r.fail(path, "%s is sent per candidate, but the input is per: request", c)
		}
		n, err := r.widths(c, t.Type)
		if err != nil {
			r.fail(fmt.Sprintf("%s.columns[%d]", path, i), "%v", err)
			return
		}
		width += n
		widths = append(widths, n)
	}
	r.shape(path, t, width)
	sig.Inputs = append(sig.Inputs, Feed{Tensor: t, Columns: in.Columns, Widths: widths, Width: width, PerRequest: in.PerRequest})
	if in.PerRequest {
		r.rowIndex(sig, path, in.RowIndex)
	}
}

// shape accepts [rows, width], and [rows] for a single column.
func (r *resolver) shape(path string, t Tensor, width int) {
	switch {
	case len(t.Dims) > 0 && t.Dims[0] >= 0:
		r.fail(path, "the graph's input is %s; %s", t, fixedRows)
	case len(t.Dims) == 1 && width == 1 && t.Dims[0] < 0:
	case len(t.Dims) == 2 && t.Dims[0] < 0 && (t.Dims[1] < 0 || t.Dims[1] == int64(width)):
	default:
		r.fail(path, "the columns are %d wide in all, but the graph's input is %s", width, t)
	}
}

func (r *resolver) rowIndex(sig *Signature, path, name string) {
	t, ok := find(r.graph.Inputs, name)
	switch {
	case name == "":
		r.fail(path+".row_index", "missing: an input per: request needs the name of the graph's int64 [rows] input "+
			"that says which request a row belongs to")
	case !ok:
		r.fail(path+".row_index", "the graph has no input %q; it has %s", name, names(r.graph.Inputs))
	case t.Type != Int64 || len(t.Dims) != 1 || t.Dims[0] >= 0:
		r.fail(path+".row_index", "the graph's input is %s; a row index must be int64[?]", t)
	case !r.fed[name]:
		r.fed[name] = true
		sig.Inputs = append(sig.Inputs, Feed{Tensor: t, Width: 1, RowIndex: true})
	}
}

func (r *resolver) heads(heads []Head) {
	if len(heads) == 0 {
		r.fail("score", "missing: name the graph output that is the score; it has %s", names(r.graph.Outputs))
	}
	for _, h := range heads {
		path := "score." + h.Output
		t, ok := find(r.graph.Outputs, h.Output)
		switch {
		case !ok:
			r.fail(path, "the graph has no such output; it has %s", names(r.graph.Outputs))
		case t.Type != Float32 && t.Type != Float64 && t.Type != Float16:
			r.fail(path, "the graph's output is %s; a score must be float16, float32 or float64", t)
		case len(t.Dims) > 2:
			r.fail(path, "the graph's output is %s; a score must be [rows] or [rows, columns]", t)
		case len(t.Dims) > 0 && t.Dims[0] >= 0:
			r.fail(path, "the graph's output is %s; %s", t, fixedRows)
		case h.Column < 0 && len(t.Dims) == 2 && t.Dims[1] > 1:
			r.fail(path, "the graph's output is %s; say which of its columns is the score: {%s: {column: %d}}", t, h.Output, t.Dims[1]-1)
		case len(t.Dims) == 2 && t.Dims[1] >= 0 && int64(h.Column) >= t.Dims[1] || len(t.Dims) < 2 && h.Column > 0:
			r.fail(path+".column", "%d is outside the graph's output %s", h.Column, t)
		}
	}
}

// fixedRows explains a graph that was exported for one number of rows.
const fixedRows = "its first dimension, the rows, must be free: export the graph with a dynamic first axis"

func find(ts []Tensor, name string) (Tensor, bool) {
	for _, t := range ts {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

func names(ts []Tensor) string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.String()
	}
	return strings.Join(out, "; ")
}
