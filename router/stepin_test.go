package router

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// smaller is a model that reads the price, which it scores a half higher than the
// adder does, and context.age.
type smaller struct {
	cost time.Duration
	seen []int // rows of each call
}

func (s *smaller) Cost(int) time.Duration { return s.cost }

func (s *smaller) Fits(_ int, now, deadline time.Time, _ rank.Criticality) bool {
	return !now.Add(s.cost).After(deadline)
}

func (s *smaller) Score(w *batcher.Work) error {
	n := w.Rows.Len()
	s.seen = append(s.seen, n)
	t := model.Tensors{Inputs: []model.Buffer{{Width: 2, Float32: make([]float32, 2*n)}}}
	w.Rows.Write(&t, 0, n, 0, 0)
	for i := range n {
		w.Scores[i] = t.Inputs[0].Float32[2*i] + 0.5
	}
	w.Queue, w.Infer = time.Microsecond, time.Millisecond
	return nil
}

// withSmaller gives the bench's version a smaller model to fall back on.
func (b *bench) withSmaller() *smaller {
	b.t.Helper()
	plan, err := features.Compile(registry, &model.Signature{Inputs: []model.Feed{{
		Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, 2}}, Width: 2,
		Columns: []model.Column{{View: "item_stats", Name: "price"}, {View: "context", Name: "age"}},
	}}})
	if err != nil {
		b.t.Fatal(err)
	}
	s := &smaller{}
	b.version.Fallback = &Version{Spec: &model.Spec{Name: "small", Version: "1", Fallback: 7}, ID: 99, Plan: plan, Scorer: s}
	return s
}

// not makes the bench's version refuse items of that price.
func (b *bench) not(prices ...float32) {
	b.scorers["3"].turn = func(s float32) float32 {
		if slices.Contains(prices, s) {
			return float32(math.NaN())
		}
		return s
	}
}

func TestASmallerModelScoresWhatTheVersionCouldNot(t *testing.T) {
	b := newBench(t, 0)
	s := b.withSmaller()
	b.not(17, 900)
	req := request("u", "5", "900", "17", "17", "20")
	for i, want := range [][rank.NumSources]int{
		{rank.SourceModel: 2, rank.SourceFallback: 3}, // one of them occurs twice
		{rank.SourceCache: 2, rank.SourceFallback: 3}, // and none is remembered
	} {
		res := b.rank(req)
		if got := order(req, res); got != "900 20 17 17 5" || !slices.Equal(res.Scores, []float32{5, 900.5, 17.5, 17.5, 20}) {
			t.Errorf("round %d: order %s, scores %v", i, got, res.Scores)
		}
		if !res.Degraded || res.Coverage != want || res.Sources[1] != rank.SourceFallback {
			t.Errorf("round %d: degraded %v, coverage %v, sources %v", i, res.Degraded, res.Coverage, res.Sources)
		}
	}
	if !slices.Equal(s.seen, []int{2, 2}) {
		t.Errorf("the smaller model scored %v rows", s.seen)
	}
	b.scorers["3"].turn = nil
	if res := b.rank(req); res.Degraded || res.Scores[1] != 900 || res.Coverage[rank.SourceFallback] != 0 {
		t.Errorf("once the version can: %+v", res)
	}
}

func TestASmallerModelStepsInWhenTheBudgetDoesNotHoldTheVersion(t *testing.T) {
	b := newBench(t, 0)
	b.withSmaller()
	b.scorers["3"].late = true
	req := request("u", "1", "2")
	req.Explain = true
	res := b.rank(req)
	if got := order(req, res); got != "2 1" || res.Scores[0] != 1.5 || res.Coverage[rank.SourceFallback] != 2 || !res.Degraded {
		t.Errorf("order %s: %+v", got, res)
	}
	if len(res.Features) != 2 || res.Features[0][1].Name != "context.hour" {
		t.Errorf("explained is %+v; want what the version reads", res.Features)
	}
	if res.Stages[rank.StageQueue] != time.Microsecond || res.Stages[rank.StageInfer] != time.Millisecond {
		t.Errorf("stages %v", res.Stages)
	}
}

func TestAStaleScoreIsBetterThanOneOfASmallerModel(t *testing.T) {
	b := newBench(t, 0)
	s := b.withSmaller()
	b.rank(request("u", "1", "2"))
	b.fill(100)
	b.scorers["3"].late = true
	res := b.rank(request("u", "1", "2", "3"))
	if want := [rank.NumSources]int{rank.SourceStale: 2, rank.SourceFallback: 1}; res.Coverage != want || !slices.Equal(s.seen, []int{1}) {
		t.Errorf("coverage %v, the smaller model scored %v rows", res.Coverage, s.seen)
	}
	if !slices.Equal(res.Scores, []float32{1, 2, 103.5}) {
		t.Errorf("scores %v", res.Scores)
	}
}

func TestNoSmallerModelStepsInForNothing(t *testing.T) {
	cases := map[string]func(*rank.Request, *smaller){
		"what it reads is of another type": func(req *rank.Request, _ *smaller) {
			req.Context = []rank.Field{{Name: "age", Value: rank.Value{Kind: rank.String, Str: "old"}}}
		},
		"there is no time for it":    func(_ *rank.Request, s *smaller) { s.cost = time.Hour },
		"the caller has left":        func(req *rank.Request, _ *smaller) { req.Gone = func() bool { return true } },
		"everything else has scores": func(req *rank.Request, _ *smaller) { req.Items = req.Items[:1] },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 0)
			s := b.withSmaller()
			b.not(900)
			req := request("u", "5", "900")
			change(req, s)
			res := b.rank(req)
			if len(s.seen) > 0 || res.Scores[0] != 5 || len(res.Scores) > 1 && res.Scores[1] != 0.5 {
				t.Errorf("it scored %v rows: %+v", s.seen, res)
			}
		})
	}
}

func TestOnlyWhatTheSmallerModelCannotScoreEitherGetsTheFallbackScore(t *testing.T) {
	b := newBench(t, 0)
	b.withSmaller().cost = 0
	b.version.Fallback.Fallback = b.version // is not asked
	b.version.Fallback.Scorer = &adder{turn: func(float32) float32 { return float32(math.NaN()) }}
	b.version.Fallback.Plan = b.version.Plan
	b.not(17, 900)
	req := request("u", "900", "5", "17")
	res := b.rank(req)
	if got := order(req, res); got != "5 900 17" || res.Scores[0] != 0.5 || res.Coverage[rank.SourceFallback] != 2 {
		t.Errorf("order %s, scores %v, coverage %v", got, res.Scores, res.Coverage)
	}
	if seen := b.scorers["3"].seen; len(seen) != 1 {
		t.Errorf("the version was asked %d times", len(seen))
	}
}

func TestTheVersionLeavesTimeForTheSmallerModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		big := &place{cost: time.Millisecond, err: down}
		b.version.Scorer = big
		f := func(cost, want time.Duration) {
			t.Helper()
			req := request("u", "1")
			req.Start, req.Deadline = time.Now(), time.Now().Add(100*time.Millisecond)
			b.rank(req)
			work := req.Deadline.Add(-500 * time.Microsecond)
			if got := work.Sub(big.asked[len(big.asked)-1]); got != want {
				t.Errorf("%v are left to a model that takes %v; want %v", got, cost, want)
			}
		}
		f(0, 0)
		s := b.withSmaller()
		for cost, want := range map[time.Duration]time.Duration{
			0: 0, 10 * time.Millisecond: 15 * time.Millisecond, 90 * time.Millisecond: 0,
		} {
			s.cost = cost
			f(cost, want)
		}
	})
}
