package rank

import "time"

// Result is the answer to one Request. Slices indexed by candidate have one
// entry per Request.Items, in the caller's order.
type Result struct {
	Model   string
	Version string
	Variant string // "stable", "canary" or "pinned"

	Scores  []float32 // by candidate; never NaN or infinite
	Sources []Source  // by candidate

	// Order lists candidates best first, cut to top_k.
	Order []int32

	// Degraded is true when at least one candidate's score is not what an
	// unhurried, healthy pass would have given.
	Degraded bool

	Coverage [NumSources]int // candidates by source; sums to len(Request.Items)
	Stages   Stages

	// Features explains each candidate's features; empty unless asked for.
	Features [][]Feature
}

// Resize makes room for n candidates and clears the answer, keeping memory.
func (r *Result) Resize(n int) {
	scores, sources, order := r.Scores, r.Sources, r.Order
	if cap(scores) < n {
		scores, sources, order = make([]float32, n), make([]Source, n), make([]int32, 0, n)
	}
	*r = Result{Scores: scores[:n], Sources: sources[:n], Order: order[:0]}
	clear(r.Scores)
	clear(r.Sources)
}

// Source says where a candidate's score came from.
type Source uint8

const (
	SourceFallback Source = iota // the model gave no score: a smaller model's, or the fallback score
	SourceModel                  // a forward pass of this request
	SourceCache                  // a cached score that is still true
	SourceStale                  // a cached score past its TTL, within max_stale
	NumSources
)

var sourceNames = [NumSources]string{"fallback", "model", "cache", "stale"}

func (s Source) String() string { return sourceNames[s] }

// Feature is one feature of one candidate as the model saw it.
type Feature struct {
	Name   string // as model.yaml writes it, "view.column"
	Value  any    // float32, int64, bool, string or []float32
	Status Status
}

// Status says what was found when a feature was looked up.
type Status uint8

const (
	Present   Status = iota // found and fresh
	NullValue               // found, without a value: the default stands in
	Missing                 // not found: the default stands in
	Stale                   // found, older than its TTL, within max_stale: used
	Errored                 // could not be read: the default stands in
	NumStatuses
)

var statusNames = [NumStatuses]string{"present", "null", "missing", "stale", "error"}

func (s Status) String() string { return statusNames[s] }

// Stage is one part of the journey whose time is measured.
type Stage uint8

const (
	StageCache    Stage = iota // looking scores up and storing new ones
	StageFeatures              // fetching feature rows
	StageQueue                 // waiting for a runner
	StageInfer                 // assembling the tensor and the forward pass
	StageOrder                 // degrading and ordering
	NumStages
)

var stageNames = [NumStages]string{"cache", "features", "queue", "infer", "order"}

func (s Stage) String() string { return stageNames[s] }

// Stages holds the time that each stage took.
type Stages [NumStages]time.Duration
