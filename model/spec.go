package model

import (
	"cmp"
	"strings"
)

// Spec is what model.yaml says about one version of a model.
type Spec struct {
	Name    string // the repository's directory name
	Version string // the version's directory name, a positive integer
	Path    string // of model.onnx; "" if it runs only on other servers

	Inputs   []Input // sorted by name
	Score    []Head
	Fallback float32 // score of a candidate that could not be scored; see Result

	Metadata map[string]string // free text: trained_on, data_sha256, code, metrics…
}

// Input says which columns feed one input of the graph.
type Input struct {
	Name    string
	Columns []Column

	// PerRequest is true for an input that a request fills once, [requests, d],
	// instead of once per candidate, [rows, d]. RowIndex then names the graph's
	// int64 input of shape [rows] that says which request a row belongs to.
	PerRequest bool
	RowIndex   string
}

// Column names one source of numbers, as "view.column" or "missing(view.column)".
// The views "request" and "context" are what came with the request: per
// candidate and for all candidates.
type Column struct {
	View    string
	Name    string
	Missing bool // 1 where the default stands in for the column, else 0
}

// The views that are filled by the request itself.
const (
	RequestView = "request"
	ContextView = "context"
)

// ParseColumn reads a column reference; ok is false if it is malformed.
func ParseColumn(s string) (c Column, ok bool) {
	if inner, found := strings.CutPrefix(s, "missing("); found {
		if inner, found = strings.CutSuffix(inner, ")"); !found {
			return Column{}, false
		}
		c.Missing, s = true, inner
	}
	c.View, c.Name, ok = strings.Cut(s, ".")
	ok = ok && c.View != "" && c.Name != "" && !strings.ContainsAny(s, "() \t") && !strings.Contains(c.Name, ".")
	return c, ok
}

func (c Column) String() string {
	if c.Missing {
		return "missing(" + c.View + "." + c.Name + ")"
	}
	return c.View + "." + c.Name
}

// Head is one term of the score: Weight × output[row, Column].
type Head struct {
	Output string
	Column int     // -1 if model.yaml names none: the output must then be one column wide
	Weight float32 // 1 when model.yaml gives none
}

// CompareVersions orders the names of versions as the numbers that they are.
func CompareVersions(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
