package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/seed"
)

// overhead sends the same calls of the Open Inference Protocol to a backend and, by
// way of the gateway, to the same backends.
var overhead = scenario{number: 1, name: "gateway minus direct call at 70 % of its maximum", run: runOverhead}

func runOverhead(ctx context.Context, s *session) (*row, error) {
	w, err := s.newWorld(ctx, &world{each: oiptest.Config{Workers: 16}, protocol: "http"})
	if err != nil {
		return nil, err
	}
	defer w.close()
	direct, err := newInference("http://" + w.backends.addresses[0].HTTP)
	if err != nil {
		return nil, err
	}
	through, err := newInference("http://" + w.gateway.HTTP)
	if err != nil {
		return nil, err
	}
	fastest, err := w.Closed(ctx, through, 16, pick(s, 5*time.Second, 2*time.Second))
	if err != nil {
		return nil, err
	}
	rate := 0.7 * float64(len(fastest.With(load.OK))) / fastest.Length.Seconds()
	if rate < 1 {
		return nil, fmt.Errorf("the gateway answers none: %v", fastest.Words)
	}
	var without load.Samples
	r := &row{words: map[string]int{}, lag: pick(s, 2*time.Millisecond, 100*time.Millisecond)}
	before, err := w.sends()
	if err != nil {
		return nil, err
	}
	slices := pick(s, 20, 3) // by turns, so that whatever else the machine does falls on both
	for n := range slices {
		due := load.Poisson(seed.Random(uint64(n)), load.Step{Rate: rate, Length: 2 * time.Second})
		one, err := w.Open(ctx, direct, due)
		if err != nil {
			return nil, err
		}
		without = append(without, one.Samples...)
		if one, err = w.Open(ctx, through, due); err != nil {
			return nil, err
		}
		r.take(one)
	}
	after, err := w.sends()
	if err != nil {
		return nil, err
	}
	r.extra = after.calls - before.calls - len(without) - len(r.run) // no passes here
	added := func(q float64) time.Duration { return r.run.Took(q) - without.Took(q) }
	r.notes = []string{fmt.Sprintf("%.0f requests a second; direct p50 %v, p99 %v", rate, without.Took(0.5), without.Took(0.99))}
	r.checks = []check{
		noneCorrupt(r.run.Corrupt()),
		noneFailed(len(r.run.With(load.Failed))),
		within("p50 added", added(0.5), pick(s, 80*time.Microsecond, 20*time.Millisecond)),
		within("p99 added", added(0.99), pick(s, 300*time.Microsecond, time.Second)),
	}
	return r, nil
}

// inference is a load of one call, always the same, in JSON with binary tensors.
type inference struct {
	target vegeta.Target
	want   []float32
}

const inferenceRows = 10

func newInference(server string) (*inference, error) {
	raw := make([]byte, 0, 16*inferenceRows)
	for i := range 4 * inferenceRows {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(i)))
	}
	input := oip.Tensor{Name: "dense", Type: oip.FP32, Shape: []int64{inferenceRows, 4}, Raw: raw}
	body, header, err := oip.AppendRequest(nil, &oip.Request{Model: "linear", Inputs: []oip.Tensor{input}}, true)
	if err != nil {
		return nil, err
	}
	want, err := oiptest.Linear(nil, []oip.Tensor{input})
	return &inference{want: want, target: vegeta.Target{
		Method: http.MethodPost, URL: server + "/v2/models/linear/infer", Body: body,
		Header: http.Header{"Content-Type": {"application/octet-stream"}, oip.HeaderLength: {strconv.Itoa(header)}},
	}}, err
}

func (l *inference) Request(_ int, t *vegeta.Target) { *t = l.target }

func (l *inference) Judge(res *vegeta.Result, s *load.Sample) {
	if !s.Answered(res.Code) {
		return
	}
	length, err := strconv.Atoi(res.Headers.Get(oip.HeaderLength))
	if err != nil {
		length = oip.NoHeaderLength
	}
	var answer oip.Response
	s.Outcome = load.OK
	s.Corrupt = oip.DecodeResponse(res.Body, length, &answer) != nil || !l.isRight(&answer)
}

func (l *inference) isRight(answer *oip.Response) bool {
	if len(answer.Outputs) != 1 || len(answer.Outputs[0].Raw) != 4*inferenceRows {
		return false
	}
	for i, want := range l.want {
		if math.Float32frombits(binary.LittleEndian.Uint32(answer.Outputs[0].Raw[4*i:])) != want {
			return false
		}
	}
	return true
}
