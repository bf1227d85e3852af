// Package result is what a run of the bench found, in the form in which it is kept:
// JSON under bench/results, from which the page is drawn and to which the next run on
// the same machine is compared.
package result

// Run is one run of the bench.
type Run struct {
	About     About     `json:"about"`
	Claims    []Claim   `json:"claims"`
	Contests  []Contest `json:"contests"`
	Latencies []Latency `json:"latencies"`
	Series    []Series  `json:"series"`
	Stages    []Stages  `json:"stages"`
}

// About says what ran where.
type About struct {
	Machine    string   `json:"machine"` // the processor's name and the system
	Processors int      `json:"processors"`
	Commit     string   `json:"commit"`
	Command    string   `json:"command"`
	Date       string   `json:"date"` // RFC 3339
	Versions   []string `json:"versions"`
	Full       bool     `json:"full"` // the long run
}

// Claim is a figure that rankgate is to reach. Value and Bound have the same unit;
// where that is "×" they are a ratio to Floor, measured in the same run.
type Claim struct {
	Name     string  `json:"name"`
	Workload string  `json:"workload"`
	Floor    string  `json:"floor,omitempty"` // what Value is a ratio to, or a difference from
	Unit     string  `json:"unit"`            // ×, µs, %, B
	AtLeast  bool    `json:"at_least"`        // Value must not be less than Bound; else it must not be more
	Bound    float64 `json:"bound"`
	Value    float64 `json:"value"`
	Low      float64 `json:"low"` // the quarter of the rounds below the median; equal to Value if there was one
	High     float64 `json:"high"`
	Measured bool    `json:"measured"`       // false: this run could not tell, and Note says why
	Note     string  `json:"note,omitempty"` // what the profile says, or why the figure is not valid
}

// Reached tells whether the claim holds.
func (c *Claim) Reached() bool {
	if !c.Measured {
		return false
	}
	if c.AtLeast {
		return c.Value >= c.Bound
	}
	return c.Value <= c.Bound
}

// Contest is what stacks cost that answered one workload side by side.
type Contest struct {
	Name       string `json:"name"`
	Workload   string `json:"workload"`
	Text       string `json:"text"`                 // how to read it
	Candidates int    `json:"candidates,omitempty"` // of a request, in the mean; 0: nothing is said per candidate
	Stacks     []Cost `json:"stacks"`
}

// Cost is what a stack cost in a contest.
type Cost struct {
	Stack     string  `json:"stack"`
	Floor     bool    `json:"floor,omitempty"` // nothing could do without it
	Requests  int     `json:"requests"`
	CPU       float64 `json:"cpu_seconds"`           // of the stack's processes, by request
	Generator float64 `json:"generator_cpu_seconds"` // of the generator, by request
	Others    float64 `json:"others_cpu_seconds"`    // of the feature store, by request
	Rate      float64 `json:"rate"`                  // requests a second, generator on the same processors
	Hits      float64 `json:"hits"`                  // share of the candidates that were not scored anew, 0 to 1

	// TimesFloors is CPU to the sum of that of the bare reply and, where there is one, the
	// bare pass of the same contest, within rounds. 0: the contest has no floors.
	TimesFloors float64 `json:"times_floors,omitempty"`
}

// Latency is how long requests of one workload waited, by the rate at which they came.
type Latency struct {
	Workload string  `json:"workload"`
	Stack    string  `json:"stack"`
	Points   []Point `json:"points"`
	Capacity float64 `json:"capacity,omitempty"`  // highest rate that holds the objective; 0: not looked for
	Limit    float64 `json:"objective,omitempty"` // seconds, at the 99th percentile
}

// Point is one rate. Times are in seconds, from when a request was due.
type Point struct {
	Rate     float64 `json:"rate"` // requests a second
	Requests int     `json:"requests"`
	Failed   int     `json:"failed"`
	P50      float64 `json:"p50"`
	P90      float64 `json:"p90"`
	P99      float64 `json:"p99"`
	P999     float64 `json:"p999"`
	Lag      float64 `json:"lag"`   // of the generator, at its 99th percentile
	Valid    bool    `json:"valid"` // the generator was in time, and every answer complete
}

// Series is how one figure grows with another: cost with candidates or hit rate,
// memory with time.
type Series struct {
	Name   string  `json:"name"`
	Text   string  `json:"text"` // how to read it
	X      string  `json:"x"`    // what it is, and its unit
	Y      string  `json:"y"`
	Curves []Curve `json:"curves"`
}

// Curve is one line of a series.
type Curve struct {
	Name string       `json:"name"`
	XY   [][2]float64 `json:"xy"`
}

// Stages is where a request's time goes, in seconds, as the gateway itself tells.
type Stages struct {
	Workload string  `json:"workload"`
	Stages   []Stage `json:"stages"`
}

// Stage is a part of a request.
type Stage struct {
	Name string  `json:"name"`
	Mean float64 `json:"mean"` // seconds
}
