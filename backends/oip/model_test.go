package oip_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// pass returns a pass of a model with one input x of 4 columns and the score y.
func pass(t testing.TB, caller oip.Caller, g model.Graph, rows int) *oip.Pass {
	t.Helper()
	sig := &model.Signature{
		Inputs: []model.Feed{{Tensor: g.Inputs[0], Width: 4}},
		Heads:  []model.Head{{Output: "y", Column: -1, Weight: 1}},
	}
	m, err := oip.NewModel(caller, "linear", "", g, sig)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.NewPass(rows)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

var linear = model.Graph{
	Inputs:  []model.Tensor{{Name: "x", Type: model.Float32, Dims: []int64{-1, 4}}},
	Outputs: []model.Tensor{{Name: "y", Type: model.Float32, Dims: []int64{-1}}},
}

// fill writes the row's number into each of its columns, and returns the score of a row
// of ones.
func fill(p *oip.Pass, rows int) float32 {
	x := p.Tensors().Inputs[0].Float32
	for i := range 4 * rows {
		x[i] = float32(i / 4)
	}
	return oiptest.Weight(0) + oiptest.Weight(1) + oiptest.Weight(2) + oiptest.Weight(3)
}

func calling(c oip.Client) oip.Caller {
	return oip.CallerFunc(func(ctx context.Context, _ int, m *oip.Message) (*oip.Reply, error) { return c.Infer(ctx, m) })
}

func TestAPassScoresOverTheWire(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		p := pass(t, calling(c), linear, 300)
		for _, rows := range []int{300, 1, 17} {
			perUnit := fill(p, rows)
			got, err := p.Run(rows, 1, time.Now().Add(time.Minute))
			if err != nil || len(got) != rows {
				t.Fatalf("%d scores for %d rows: %v", len(got), rows, err)
			}
			for i := range got {
				if got[i] != float32(i)*perUnit {
					t.Fatalf("row %d scores %v; want %v", i, got[i], float32(i)*perUnit)
				}
			}
		}
	})
}

func TestAPassLeavesItsRowsToAnAttemptThatStillReadsThem(t *testing.T) {
	s := oiptest.Start(t, oiptest.Config{})
	c := oip.DialHTTP(s.HTTP, oip.Config{Pool: "gpu"})
	defer c.Close()
	var loser *oip.Message
	p := pass(t, oip.CallerFunc(func(ctx context.Context, _ int, m *oip.Message) (*oip.Reply, error) {
		if loser == nil {
			m.Retain()
			loser = m
		}
		return c.Infer(ctx, m)
	}), linear, 2)
	fill(p, 2)
	if _, err := p.Run(2, 1, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	before := string(loser.Inputs[0].Raw)
	clear(p.Tensors().Inputs[0].Float32)
	if _, err := p.Run(2, 1, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := string(loser.Inputs[0].Raw); got != before {
		t.Errorf("the loser's rows became %q; they were %q", got, before)
	}
	loser.Release()
}

func TestAnAnswerThatIsNotWhatTheMetadataPromisedIsNoScore(t *testing.T) {
	f := func(outputs []oip.Tensor, words string) {
		t.Helper()
		p := pass(t, oip.CallerFunc(func(context.Context, int, *oip.Message) (*oip.Reply, error) {
			return &oip.Reply{Response: oip.Response{Outputs: outputs}}, nil
		}), linear, 2)
		fill(p, 2)
		_, err := p.Run(2, 1, time.Now().Add(time.Minute))
		fails(t, err, rank.Unavailable, "model linear: the answer to 2 rows", words)
	}
	f(nil, "no output y")
	f([]oip.Tensor{{Name: "y", Type: oip.FP64, Shape: []int64{2}, Raw: make([]byte, 16)}}, "y is FP64, not FP32")
	f([]oip.Tensor{{Name: "y", Type: oip.FP32, Shape: []int64{3}, Raw: make([]byte, 12)}}, "the shape [3]")
	f([]oip.Tensor{{Name: "y", Type: oip.FP32, Shape: []int64{2, 2}, Raw: make([]byte, 16)}}, "the shape [2 2]")
}

func TestHeadsOfAnyFloatTypeAddUp(t *testing.T) {
	graph := model.Graph{Inputs: linear.Inputs, Outputs: []model.Tensor{
		{Name: "h", Type: model.Float16, Dims: []int64{-1, 2}}, {Name: "d", Type: model.Float64, Dims: []int64{-1}},
	}}
	sig := &model.Signature{
		Inputs: []model.Feed{{Tensor: graph.Inputs[0], Width: 4}},
		Heads:  []model.Head{{Output: "h", Column: 1, Weight: 2}, {Output: "d", Column: -1, Weight: 0.5}},
	}
	caller := oip.CallerFunc(func(context.Context, int, *oip.Message) (*oip.Reply, error) {
		return &oip.Reply{Response: oip.Response{Outputs: []oip.Tensor{
			{Name: "d", Type: oip.FP64, Shape: []int64{2, 1}, Raw: []byte("\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@")},
			{Name: "h", Type: oip.FP16, Shape: []int64{2, 2}, JSON: []byte("[9,1,9,2]")},
		}}}, nil
	})
	m, err := oip.NewModel(caller, "m", "", graph, sig)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.NewPass(2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Run(2, 1, time.Now().Add(time.Minute))
	if err != nil || got[0] != 2.5 || got[1] != 5 {
		t.Errorf("scores %v, %v; want 2.5 and 5", got, err)
	}
}

func TestTextsAndRowIndexesAreSent(t *testing.T) {
	graph := model.Graph{Inputs: []model.Tensor{
		{Name: "s", Type: model.String, Dims: []int64{-1, 2}}, {Name: "u", Type: model.Int32, Dims: []int64{-1, 1}},
		{Name: "r", Type: model.Int64, Dims: []int64{-1}},
	}, Outputs: linear.Outputs}
	sig := &model.Signature{Inputs: []model.Feed{
		{Tensor: graph.Inputs[0], Width: 2}, {Tensor: graph.Inputs[1], Width: 1, PerRequest: true},
		{Tensor: graph.Inputs[2], Width: 1, RowIndex: true},
	}, Heads: []model.Head{{Output: "y", Column: -1, Weight: 1}}}
	var sent strings.Builder
	caller := oip.CallerFunc(func(_ context.Context, _ int, m *oip.Message) (*oip.Reply, error) {
		body, _, err := oip.AppendRequest(nil, &m.Request, false)
		sent.Write(body)
		return nil, errors.Join(err, errors.New("no answer"))
	})
	m, err := oip.NewModel(caller, "m", "", graph, sig)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.NewPass(4)
	if err != nil {
		t.Fatal(err)
	}
	in := p.Tensors().Inputs
	copy(in[0].String, []string{"a", "é", "", "\"", "x"})
	in[1].Int32[0], in[2].Int64[1] = 7, 1
	if _, err := p.Run(2, 1, time.Now().Add(time.Minute)); err == nil {
		t.Error("there is an answer")
	}
	want := `{"inputs":[{"name":"s","datatype":"BYTES","shape":[2,2],"data":["a","é","","\""]},` +
		`{"name":"u","datatype":"INT32","shape":[1,1],"data":[7]},{"name":"r","datatype":"INT64","shape":[2],"data":[0,1]}],` +
		`"outputs":[{"name":"y"}]}`
	if sent.String() != want {
		t.Errorf("sent\n%s\nwant\n%s", sent.String(), want)
	}
}

func TestPassesOfAModelRunSideBySide(t *testing.T) {
	eachProtocol(t, oiptest.Config{Workers: 4}, oip.Config{}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		var all sync.WaitGroup
		for range 4 {
			p := pass(t, calling(c), linear, 50)
			all.Go(func() {
				for n := range 50 {
					perUnit := fill(p, n+1)
					got, err := p.Run(n+1, 1, time.Now().Add(time.Minute))
					if err != nil || got[n] != float32(n)*perUnit {
						t.Errorf("row %d: %v, %v", n, got, err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}
