//go:build !race

package router

import (
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

func TestRankAllocatesNothingPerCandidate(t *testing.T) {
	b := newBench(t, 0)
	b.version.Scorer = constant{}
	f := func(what string, before func()) {
		allocations := func(candidates int) float64 {
			req, res := request("u", numbers(0, candidates)...), &rank.Result{}
			run := func() {
				before()
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
			t.Errorf("%s: %v allocations for 100 candidates, %v for 900", what, few, many)
		}
	}
	f("all known", func() {})
	f("none known", func() { b.version.ID++ })
}
