package router

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// stand is a Place that answers with its name, or with err.
type stand struct {
	name  string
	err   error
	down  bool
	hangs bool // until it is given up
	cost  time.Duration
	left  time.Duration // that the last message had
	then  func()        // after each message
	asked int
	share float64
	stats oip.Statistics
}

func (p *stand) Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	p.asked++
	p.share = m.Share
	m.Model, m.Version = "theirs", "77" // as a pool names it
	if end, ok := ctx.Deadline(); ok {
		p.left = time.Until(end)
	}
	if p.hangs {
		<-ctx.Done()
		return nil, rank.Errorf(rank.DeadlineExceeded, "no answer within the budget")
	}
	if p.then != nil {
		p.then()
	}
	if p.err != nil {
		return nil, p.err
	}
	r := oip.NewReply(nil)
	r.Model, r.Version = "theirs", "77"
	r.Outputs = append(r.Outputs, oip.Tensor{Name: p.name})
	return r, nil
}

func (p *stand) Cost(n int) time.Duration { return time.Duration(n) * p.cost }

func (p *stand) Ready() bool { return !p.down }

func (p *stand) Statistics() oip.Statistics { return p.stats }

// shelf is a Repository of one entry.
type shelf struct{ loaded, unloaded string }

func (s *shelf) Index(context.Context) ([]oip.IndexEntry, error) {
	return []oip.IndexEntry{{Name: "ranker"}}, nil
}

func (s *shelf) Load(_ context.Context, model string) error { s.loaded = model; return nil }

func (s *shelf) Unload(_ context.Context, model string) error { s.unloaded = model; return nil }

// newInference serves versions 9 (stable) and 10 (canary of everyone) of "ranker", and
// "plain", which has no place.
func newInference(stable, canary []Place) *Inference {
	graph := model.Graph{
		Inputs:  []model.Tensor{{Name: "dense", Type: model.Float32, Dims: []int64{-1, 4}}},
		Outputs: []model.Tensor{{Name: "sum", Type: model.Float64, Dims: []int64{-1}}, {Name: "odd", Type: model.Unknown}},
	}
	version := func(name, number string, places []Place) *Version {
		return &Version{Spec: &model.Spec{Name: name, Version: number, Path: "model.onnx"}, Graph: graph, Places: places}
	}
	ranker := &Model{Name: "ranker", Split: NewSplit("ranker", 100), Versions: map[string]*Version{
		"9": version("ranker", "9", stable), "10": version("ranker", "10", canary),
	}}
	ranker.Stable, ranker.Canary = ranker.Versions["9"], ranker.Versions["10"]
	plain := &Model{Name: "plain", Stable: version("plain", "1", nil)}
	plain.Versions = map[string]*Version{"1": plain.Stable}
	c := &Catalogue{}
	c.Swap(NewSnapshot([]*Model{ranker, plain}, "ranker"))
	return NewInference(c, oip.ServerMetadata{Name: "rankgate"}, &shelf{})
}

// call is a message to a model.
func call(model, version, user string) *oip.Message {
	m := oip.NewMessage(nil)
	m.Model, m.Version, m.User = model, version, user
	return m
}

func TestAMessageGoesToTheVersionThatARankingWouldGetAndSaysSo(t *testing.T) {
	s := newInference([]Place{&stand{name: "old"}}, []Place{&stand{name: "new"}})
	for name, c := range map[string]struct {
		message       *oip.Message
		canary        rank.Canary
		place, number string
	}{
		"a user of the split":    {call("ranker", "", "u"), rank.CanarySplit, "new", "10"},
		"a caller without user":  {call("ranker", "", ""), rank.CanarySplit, "old", "9"},
		"one who insists":        {call("ranker", "", ""), rank.CanaryAlways, "new", "10"},
		"one who refuses":        {call("ranker", "", "u"), rank.CanaryNever, "old", "9"},
		"one who pins a version": {call("ranker", "9", "u"), rank.CanaryAlways, "old", "9"},
		"one who names no model": {call("", "", ""), rank.CanarySplit, "old", "9"},
	} {
		c.message.Canary, c.message.Class = c.canary, rank.Sheddable
		r, err := s.Infer(context.Background(), c.message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Outputs[0].Name != c.place || r.Model != "ranker" || r.Version != c.number || c.message.Share != rank.Sheddable.Share() {
			t.Errorf("%s: %s answered as %s/%s, with a share of %v; want %s as ranker/%s",
				name, r.Outputs[0].Name, r.Model, r.Version, c.message.Share, c.place, c.number)
		}
		r.Release()
	}
}

func TestAModelThatIsNotThereIsUnknown(t *testing.T) {
	s := newInference([]Place{&stand{}}, nil)
	ctx := context.Background()
	for words, c := range map[string][2]string{
		`model "x" is not loaded; loaded are plain, ranker`:                   {"x", ""},
		`version "8" of model "ranker" is not loaded; loaded are 10, 9`:       {"ranker", "8"},
		`version "1" of model "plain" does not answer the inference protocol`: {"plain", ""},
	} {
		_, err := s.Infer(ctx, call(c[0], c[1], ""))
		_, undescribed := s.Metadata(ctx, c[0], c[1])
		for _, err := range []error{err, undescribed, s.Ready(ctx, c[0], c[1])} {
			if codeOf(err) != rank.UnknownModel || !strings.Contains(err.Error(), words) {
				t.Errorf("%v: %v; want %s", c, err, words)
			}
		}
	}
	empty := NewInference(&Catalogue{}, oip.ServerMetadata{}, &shelf{})
	_, err := empty.Infer(ctx, call("ranker", "", ""))
	_, uncounted := empty.Statistics(ctx, "", "")
	for _, err := range []error{err, uncounted, empty.Ready(ctx, "", "")} {
		if codeOf(err) != rank.Unavailable {
			t.Errorf("before anything is loaded: %v; want unavailable", err)
		}
	}
}

func TestTheNextPlaceIsAskedWhenOneSaysNothingOfTheRows(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		then    string
		answers bool
		code    rank.Code
	}{
		"out of reach":          {rank.Errorf(rank.Unavailable, "refused"), "", true, 0},
		"overloaded":            {rank.Errorf(rank.Overloaded, "full"), "", true, 0},
		"too slow":              {rank.Errorf(rank.DeadlineExceeded, "late"), "", true, 0},
		"late, in our words":    {batcher.ErrLate, "", true, 0},
		"the rows are wrong":    {rank.Errorf(rank.InvalidRequest, "shape"), "", false, rank.InvalidRequest},
		"no words at all":       {errors.New("odd"), "", false, rank.Unavailable},
		"the budget is spent":   {batcher.ErrLate, "late", false, rank.DeadlineExceeded},
		"the caller has left":   {rank.Errorf(rank.Unavailable, "refused"), "gone", false, rank.Unavailable},
		"the call was given up": {context.Canceled, "cancelled", false, rank.Unavailable},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		left := false
		first, second := &stand{err: c.err}, &stand{name: "second"}
		switch c.then {
		case "late":
			var stop context.CancelFunc
			ctx, stop = context.WithDeadline(ctx, time.Now())
			defer stop()
		case "gone":
			first.then = func() { left = true }
		case "cancelled":
			first.then = cancel
		}
		m := call("ranker", "9", "")
		m.Gone = func() bool { return left }
		r, err := newInference([]Place{first, second}, nil).Infer(ctx, m)
		cancel()
		if answered := second.asked == 1; answered != c.answers || answered != (err == nil) {
			t.Errorf("%s: the second place was asked %d times, and the answer is %v", name, second.asked, err)
		}
		if err != nil && codeOf(err) != c.code {
			t.Errorf("%s: %v; want the code %v", name, err, c.code)
		}
		if r != nil {
			r.Release()
		}
	}
}

func TestAPlaceThatHangsLeavesTheNextOneTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, local := &stand{hangs: true}, &stand{name: "local", cost: time.Millisecond}
		m := call("ranker", "9", "")
		m.Inputs = []oip.Tensor{{Shape: []int64{1, 3}}, {Shape: []int64{10, 4}}}
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		r, err := newInference([]Place{pool, local}, nil).Infer(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		if r.Release(); pool.left != 77500*time.Microsecond || local.left != 22500*time.Microsecond {
			t.Errorf("the first place had %v, the second %v; want 77.5 ms, and half as much again as 10 rows and handing over cost",
				pool.left, local.left)
		}
	})
}

func TestAVersionIsReadyWhenOneOfItsPlacesIs(t *testing.T) {
	ctx := context.Background()
	pool, local := &stand{down: true}, &stand{}
	s := newInference([]Place{pool, local}, []Place{pool})
	for _, asked := range [][2]string{{"ranker", ""}, {"ranker", "9"}, {"", ""}} {
		if err := s.Ready(ctx, asked[0], asked[1]); err != nil {
			t.Error(asked, err)
		}
	}
	if err := s.Ready(ctx, "ranker", "10"); codeOf(err) != rank.Unavailable || !strings.Contains(err.Error(), `version "10" of model "ranker"`) {
		t.Error(err)
	}
	local.down = true
	if err := s.Ready(ctx, "", ""); codeOf(err) != rank.Unavailable {
		t.Error(err)
	}
}

func TestAModelIsDescribedByItsGraphAndItsVersions(t *testing.T) {
	m, err := newInference([]Place{&stand{}}, nil).Metadata(context.Background(), "ranker", "")
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "ranker" || !slices.Equal(m.Versions, []string{"9", "10"}) || m.Platform != "onnx_onnxv1" || len(m.Inputs) != 1 || len(m.Outputs) != 1 {
		t.Errorf("Metadata = %+v", m)
	}
	if in := m.Inputs[0]; in.Name != "dense" || in.Type != oip.FP32 || !slices.Equal(in.Shape, []int64{-1, 4}) {
		t.Errorf("the input is %+v", in)
	}
}

func TestStatisticsAddUpThePlacesOfEachVersion(t *testing.T) {
	ctx, now := context.Background(), time.Unix(1000, 0)
	pool := &stand{stats: oip.Statistics{LastInference: now, Rows: 1, Passes: 2, Success: oip.Tally{Count: 3, Total: 4}, Infer: oip.Tally{Count: 5, Total: 6}}}
	local := &stand{stats: oip.Statistics{Rows: 10, Passes: 20, Success: oip.Tally{Count: 30, Total: 40}, Fail: oip.Tally{Count: 7, Total: 8}, Queue: oip.Tally{Count: 9, Total: 1}}}
	s := newInference([]Place{pool, local}, []Place{local})
	got, err := s.Statistics(ctx, "ranker", "9")
	want := oip.Statistics{
		Model: "ranker", Version: "9", LastInference: now, Rows: 11, Passes: 22, Success: oip.Tally{Count: 33, Total: 44},
		Fail: oip.Tally{Count: 7, Total: 8}, Queue: oip.Tally{Count: 9, Total: 1}, Infer: oip.Tally{Count: 5, Total: 6},
	}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("Statistics = %+v, %v; want %+v", got, err, want)
	}
	for model, versions := range map[string]string{"ranker": "ranker/9 ranker/10", "": "plain/1 ranker/9 ranker/10"} {
		all, err := s.Statistics(ctx, model, "")
		var names []string
		for _, v := range all {
			names = append(names, v.Model+"/"+v.Version)
		}
		if err != nil || strings.Join(names, " ") != versions {
			t.Errorf("of %q: %v, %v; want %s", model, names, err, versions)
		}
	}
	if _, err := s.Statistics(ctx, "x", ""); codeOf(err) != rank.UnknownModel {
		t.Error(err)
	}
}

func TestTheRepositoryIsAskedForWhatIsNotLoaded(t *testing.T) {
	s, ctx := newInference(nil, nil), context.Background()
	index, _ := s.Index(ctx)
	if err := errors.Join(s.Load(ctx, "a"), s.Unload(ctx, "b")); err != nil || len(index) != 1 || s.Server().Name != "rankgate" {
		t.Error(index, err, s.Server())
	}
	if r := s.repository.(*shelf); r.loaded != "a" || r.unloaded != "b" {
		t.Errorf("loaded %q, unloaded %q", r.loaded, r.unloaded)
	}
}
