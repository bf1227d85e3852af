//go:build !race

package router

import (
	"context"
	"testing"
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/rank"
)

// constant scores every row alike and allocates nothing.
type constant struct{}

func (constant) Cost(int) time.Duration { return 0 }

func (constant) Fits(int, time.Time, time.Time, rank.Criticality) bool { return true }

func (constant) Score(w *batcher.Work) error {
	for i := range w.Scores {
		w.Scores[i] = 1
	}
	return nil
}

// nowhere has room for nothing.
type nowhere struct{ constant }

func (nowhere) Fits(int, time.Time, time.Time, rank.Criticality) bool { return false }

func TestRankAllocatesNothingPerCandidate(t *testing.T) {
	small := func(b *bench, s Scorer) *Version {
		return &Version{Spec: b.version.Spec, ID: 1 << 40, Plan: b.version.Plan, Scorer: s}
	}
	cases := map[string]struct {
		ready  func(b *bench)
		before func(b *bench)
	}{
		"all known":  {func(b *bench) { b.version.Scorer = constant{} }, func(*bench) {}},
		"none known": {func(b *bench) { b.version.Scorer = constant{} }, func(b *bench) { b.version.ID++ }},
		"a ladder, and a smaller model that is not asked": {func(b *bench) {
			b.version.Scorer, b.version.Fallback = Ladder{nowhere{}, constant{}}, small(b, nowhere{})
		}, func(b *bench) { b.version.ID++ }},
		"a smaller model steps in": {func(b *bench) {
			b.version.Scorer, b.version.Fallback = nowhere{}, small(b, constant{})
		}, func(*bench) {}},
	}
	for name, c := range cases {
		b := newBench(t, 0) // a cache that is growing allocates
		c.ready(b)
		allocations := func(candidates int) float64 {
			req, res := request("u", numbers(0, candidates)...), &rank.Result{}
			run := func() {
				c.before(b)
				req.Start = time.Now()
				req.Deadline = req.Start.Add(time.Second)
				if err := b.router.Rank(req, res); err != nil {
					t.Fatal(err)
				}
			}
			run()
			return testing.AllocsPerRun(200, run)
		}
		if few, many := allocations(100), allocations(900); many > few {
			t.Errorf("%s: %v allocations for 100 candidates, %v for 900", name, few, many)
		}
	}
}

func TestAMessageAllocatesNothingPerRow(t *testing.T) {
	k := newKit(t, "sum.onnx", 1024, denseSpec(4, "sum"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	allocations := func(rows int) float64 {
		m := denseMessage(make([]float32, 4*rows), 4)
		run := func() {
			reply, err := k.local.Infer(ctx, m)
			if err != nil {
				t.Fatal(err)
			}
			reply.Release()
		}
		run()
		return testing.AllocsPerRun(200, run)
	}
	if few, many := allocations(10), allocations(1000); many > few || many > 1 {
		t.Errorf("%v allocations for 10 rows, %v for 1000", few, many)
	}
}
