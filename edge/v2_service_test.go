package edge

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// sums is a Service with one model, of two versions. It adds up each row of its input
// x, of any type and two dimensions; a text counts as its length. Its outputs are sum,
// FP32[rows], and same, which is x.
type sums struct {
	mu       sync.Mutex
	seen     seen // guarded by mu, as all below
	fail     error
	unloaded bool
	calls    uint64

	during func(ctx context.Context, m *oip.Message) // if there is one, called by Infer
}

// seen is what a message brought, copied.
type seen struct {
	model, version, id, user string
	canary                   rank.Canary
	class                    rank.Criticality
	headers                  []oip.Header
	budget                   time.Duration
	priority                 uint64
	timeout                  time.Duration
	gone                     bool // whether it can be asked
}

func (s *sums) Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	s.note(ctx, m)
	if s.during != nil {
		s.during(ctx, m)
	}
	if err := s.check(m.Model, m.Version); err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 || m.Inputs[0].Name != "x" || len(m.Inputs[0].Shape) != 2 {
		return nil, rank.Errorf(rank.InvalidRequest, "inputs: must be x alone, of two dimensions")
	}
	x := m.Inputs[0]
	raw, err := x.AppendRaw(nil)
	if err != nil {
		return nil, rank.Errorf(rank.InvalidRequest, "inputs[0]: %v", err)
	}
	sum := addUp(&x, raw)
	reply := oip.NewReply(nil)
	reply.Model, reply.Version = m.Model, cmp.Or(m.Version, "2")
	outputs := []oip.Tensor{
		{Name: "sum", Type: oip.FP32, Shape: x.Shape[:1], Raw: sum},
		{Name: "same", Type: x.Type, Shape: x.Shape, Raw: raw, Parameters: []oip.Parameter{{Name: "copied", Value: true}}},
	}
	for _, o := range outputs {
		if len(m.Outputs) == 0 || slices.ContainsFunc(m.Outputs, func(asked oip.Output) bool { return asked.Name == o.Name }) {
			reply.Outputs = append(reply.Outputs, o)
		}
	}
	return reply, nil
}

func addUp(x *oip.Tensor, raw []byte) (sum []byte) {
	for range x.Shape[0] {
		total := float32(0)
		for range x.Shape[1] {
			n := x.Type.Size()
			switch le := binary.LittleEndian; x.Type {
			case oip.FP32:
				total += math.Float32frombits(le.Uint32(raw))
			case oip.FP16:
				total += model.HalfToFloat(le.Uint16(raw))
			case oip.Int64:
				total += float32(int64(le.Uint64(raw)))
			case oip.Bytes:
				length := le.Uint32(raw)
				total, n = total+float32(length), int(4+length)
			}
			raw = raw[n:]
		}
		sum = binary.LittleEndian.AppendUint32(sum, math.Float32bits(total))
	}
	return sum
}

func (s *sums) note(ctx context.Context, m *oip.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	deadline, _ := ctx.Deadline()
	s.seen = seen{
		strings.Clone(m.Model), strings.Clone(m.Version), strings.Clone(m.ID), strings.Clone(m.User), m.Canary, m.Class, nil,
		time.Until(deadline), m.Priority, m.Timeout, m.Gone != nil,
	}
	for _, h := range m.Headers {
		s.seen.headers = append(s.seen.headers, oip.Header{Name: h.Name, Value: strings.Clone(h.Value)})
	}
}

// check says whether a version can be called.
func (s *sums) check(model, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fail != nil:
		return s.fail
	case model != "" && model != "sums" || version != "" && version != "1" && version != "2":
		return rank.Errorf(rank.UnknownModel, "model %s: not in the repository", cmp.Or(model+" "+version, "?"))
	case s.unloaded:
		return rank.Errorf(rank.Unavailable, "model sums: not loaded")
	}
	return nil
}

func (s *sums) Server() oip.ServerMetadata {
	return oip.ServerMetadata{Name: "sums", Version: "7", Extensions: []string{"binary_tensor_data", "model_repository", "statistics"}}
}

func (s *sums) Ready(_ context.Context, model, version string) error { return s.check(model, version) }

func (s *sums) Metadata(_ context.Context, model, version string) (*oip.Metadata, error) {
	return &oip.Metadata{
		Name: "sums", Versions: []string{"1", "2"}, Platform: "adder",
		Inputs:  []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{-1, -1}}},
		Outputs: []oip.Tensor{{Name: "sum", Type: oip.FP32, Shape: []int64{-1}}, {Name: "same", Type: oip.FP32, Shape: []int64{-1, -1}}},
	}, s.check(model, version)
}

func (s *sums) Index(context.Context) ([]oip.IndexEntry, error) {
	state, reason := "READY", ""
	if err := s.check("", ""); err != nil {
		state, reason = "UNAVAILABLE", "unloaded"
	}
	return []oip.IndexEntry{{Name: "sums", Version: "1", State: "UNAVAILABLE", Reason: "an old one"}, {Name: "sums", Version: "2", State: state, Reason: reason}}, nil
}

func (s *sums) Load(_ context.Context, model string) error   { return s.set(model, false) }
func (s *sums) Unload(_ context.Context, model string) error { return s.set(model, true) }

func (s *sums) set(model string, unloaded bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if model != "sums" {
		return rank.Errorf(rank.UnknownModel, "model %s: not in the repository", model)
	}
	s.unloaded = unloaded
	return nil
}

func (s *sums) Statistics(_ context.Context, model, version string) ([]oip.Statistics, error) {
	if err := s.check(model, version); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []oip.Statistics{{Model: "sums", Version: "1"}, {
		Model: "sums", Version: "2", LastInference: time.UnixMilli(1_700_000_000_123), Rows: 3 * s.calls, Passes: s.calls,
		Success: oip.Tally{Count: s.calls, Total: 5 * time.Microsecond}, Fail: oip.Tally{Count: 1, Total: 2},
		Queue: oip.Tally{Count: 3, Total: 4}, Infer: oip.Tally{Count: 5, Total: 6},
	}}
	return slices.DeleteFunc(all, func(one oip.Statistics) bool { return version != "" && one.Version != version }), nil
}

// serveSums serves over memory with a Service, and lets models be loaded.
func serveSums(t testing.TB) (memory, *sums) {
	t.Helper()
	service := &sums{}
	cfg := DefaultConfig()
	cfg.Inference, cfg.Repository = service, true
	return serveInMemory(t, newServer(t, cfg, descending)), service
}

// inferCall is an inference of sums, its body JSON with bytes behind it.
func inferCall(path, header string, binary []byte, headers ...string) call {
	if binary != nil {
		headers = append(headers, oip.HeaderLength, fmt.Sprint(len(header)))
	}
	return call{"POST", path, headers, header + string(binary)}
}

// floats is the bytes of an FP32 tensor.
func floats(values ...float32) (raw []byte) {
	for _, f := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return raw
}
