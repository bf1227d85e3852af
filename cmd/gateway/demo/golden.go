package demo

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
)

//go:embed golden.json
var goldenJSON []byte

// golden is what train/golden.py noted.
type golden struct {
	DataSHA256 string               `json:"data_sha256"`
	Rows       []sample             `json:"rows"`
	Request    json.RawMessage      `json:"request"`
	Scores     map[string][]float32 `json:"scores"` // by version, then by candidate of Request
}

// sample is one row of the shop. A word is given by its place in the vocabulary.
type sample struct {
	View   string            `json:"view"`
	IDs    []string          `json:"ids"`
	Values []json.RawMessage `json:"values"`
}

// Scored is a candidate of an answer.
type Scored struct {
	ID    string  `json:"id"`
	Score float32 `json:"score"`
}

// Tolerance is how far a score may be from the one that training noted: a
// processor may round the sums of a pass in its own way.
const Tolerance = 1e-4

// Example returns a body for POST /rank whose answer is known.
func Example() []byte { return slices.Clone(noted().Request) }

// Expected returns what a version of the model "ranker" must answer to Example,
// best first; nil if there is no such version.
func Expected(version string) []Scored {
	scores, known := noted().Scores[version]
	if !known {
		return nil
	}
	return answer(scores)
}

// answer ranks the candidates of Example by their scores.
func answer(scores []float32) []Scored {
	request := parseRequest()
	best := make([]Scored, len(scores))
	for i, s := range scores {
		best[i] = Scored{string(request.Items[i]), s}
	}
	slices.SortStableFunc(best, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
	return best[:request.TopK]
}

// Check returns an error unless got is what version must answer to Example.
func Check(version string, got []Scored) error {
	want := Expected(version)
	if want == nil {
		return fmt.Errorf("no answer of version %q is known", version)
	}
	if len(got) != len(want) {
		return fmt.Errorf("version %s returned %d items; want %d", version, len(got), len(want))
	}
	for i, w := range want {
		off := math.Abs(float64(got[i].Score) - float64(w.Score))
		if got[i].ID != w.ID || !(off <= Tolerance) { // a NaN is off as well
			return fmt.Errorf("version %s returned item %s with score %g at place %d; want item %s with score %g",
				version, got[i].ID, got[i].Score, i+1, w.ID, w.Score)
		}
	}
	return nil
}

// request is the part of Example that its answer depends on.
type request struct {
	Items []candidateID `json:"items"`
	TopK  int           `json:"top_k"`
}

// candidateID is the id of a candidate, which may bring features.
type candidateID string

func (c *candidateID) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(c))
	}
	var item struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(data, &item)
	*c = candidateID(item.ID)
	return err
}

var noted = sync.OnceValue(func() *golden { return parse[golden](goldenJSON) })

var parseRequest = sync.OnceValue(func() *request { return parse[request](noted().Request) })

// parse decodes JSON that is part of the program.
func parse[T any](data []byte) *T {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		panic("BUG: golden.json: " + err.Error())
	}
	return &v
}
