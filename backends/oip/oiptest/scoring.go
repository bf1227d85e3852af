package oiptest

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
)

// exchange is the memory of a call.
type exchange struct {
	request  oip.Request
	response oip.Response
	scores   []float32
	raw      []byte
	body     []byte
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// refusal is a call that is not answered with scores.
type refusal struct {
	status int // of HTTP
	words  string
}

// arrive counts what a call's deadline says about who sent it.
func (s *Server) arrive(now, deadline time.Time) {
	switch {
	case deadline.IsZero():
		s.unbounded.Add(1)
	case deadline.Sub(now) < leastLeft:
		s.spent.Add(1)
	}
}

// leastLeft is less than a call can be answered in. Clients that send one too late say
// that there is a little left, since 0 would mean that there is no deadline.
const leastLeft = 10 * time.Microsecond

// score makes e.response of e.request, once a worker has had it.
func (s *Server) score(e *exchange, deadline time.Time, gone func() bool) *refusal {
	n, faults := s.calls.Add(1), s.faults.Load()
	if faults.Status != 0 {
		s.failed.Add(1)
		return &refusal{faults.Status, "told to say so"}
	}
	s.pause(faults.delay(n))
	if r := s.check(&e.request); r != nil {
		return r
	}
	var err error
	if faults.Poison && hasNegative(&e.request.Inputs[0]) {
		s.failed.Add(1)
		return &refusal{http.StatusBadRequest, "a first column is negative"}
	}
	if e.scores, err = Linear(e.scores, e.request.Inputs); err != nil {
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	if r := outcomes[s.await(len(e.scores), deadline, gone)]; r != nil {
		return r
	}
	e.raw = e.raw[:0]
	for _, score := range e.scores {
		e.raw = binary.LittleEndian.AppendUint32(e.raw, math.Float32bits(score))
	}
	e.response.Reset()
	e.response.Model, e.response.Version, e.response.ID = s.cfg.Model, s.cfg.Version, e.request.ID
	e.response.Outputs = append(e.response.Outputs, oip.Tensor{
		Name: s.cfg.Output, Type: oip.FP32, Shape: []int64{int64(len(e.scores))}, Raw: e.raw,
	})
	if n := faults.Oversize; n > 0 {
		e.response.Outputs = append(e.response.Outputs, oip.Tensor{
			Name: "padding", Type: oip.Uint8, Shape: []int64{int64(n)}, Raw: make([]byte, n),
		})
	}
	return nil
}

// hasNegative reports whether a row of an FP32 tensor begins with a negative value.
func hasNegative(t *oip.Tensor) bool {
	if t.Type != oip.FP32 || len(t.Shape) != 2 || t.Shape[1] < 1 {
		return false
	}
	for row := range slices.Chunk(t.Raw, 4*int(t.Shape[1])) {
		if math.Float32frombits(binary.LittleEndian.Uint32(row)) < 0 {
			return true
		}
	}
	return false
}

var outcomes = map[outcome]*refusal{
	dropped: {statusGone, "the caller has left"},
	expired: {http.StatusGatewayTimeout, "Request timeout expired"},
	refused: {http.StatusTooManyRequests, "Exceeds maximum queue size"},
	stopped: {http.StatusServiceUnavailable, "closing"},
}

// statusGone is what nginx says, to its log, of a caller that has left.
const statusGone = 499

// check holds a request to the model's metadata, and makes bytes of values in JSON.
func (s *Server) check(r *oip.Request) *refusal {
	if len(r.Inputs) != len(s.cfg.Inputs) {
		return &refusal{http.StatusBadRequest, fmt.Sprintf("%d inputs, not %d", len(r.Inputs), len(s.cfg.Inputs))}
	}
	for i := range r.Inputs {
		got, want := &r.Inputs[i], &s.cfg.Inputs[i]
		fits := got.Name == want.Name && got.Type == want.Type && len(got.Shape) == len(want.Shape)
		for j := range min(len(got.Shape), len(want.Shape)) {
			fits = fits && (want.Shape[j] < 0 || want.Shape[j] == got.Shape[j])
		}
		if !fits {
			return &refusal{http.StatusBadRequest, fmt.Sprintf("input %s %s%v, not %s %s%v",
				got.Name, got.Type, got.Shape, want.Name, want.Type, want.Shape)}
		}
		if got.JSON == nil {
			continue
		}
		raw, err := got.AppendRaw(nil)
		if err != nil {
			return &refusal{http.StatusBadRequest, err.Error()}
		}
		got.Raw, got.JSON = raw, nil
	}
	return nil
}
