package router

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/rank"
)

func TestOrderIsRightForAnyScores(t *testing.T) {
	var s sorter
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3*leastCounted).Draw(t, "candidates")
		score := rapid.OneOf(rapid.Float32(), rapid.Float32Range(0, 1), rapid.SampledFrom([]float32{-1, 0, 1, 2}))
		scores, sources, want := make([]float32, n), make([]rank.Source, n), make([]int, n)
		s.resize(n)
		for i := range n {
			scores[i], sources[i], want[i] = score.Draw(t, "score")+0, rank.SourceModel, i
			if rapid.IntRange(0, 9).Draw(t, "source") == 0 {
				scores[i], sources[i] = 0.5, rank.SourceFallback
			}
			s.put(i, scores[i], sources[i])
		}
		slices.SortStableFunc(want, func(a, b int) int {
			if sources[a] != sources[b] {
				return cmp.Compare(sources[b], sources[a])
			}
			return cmp.Compare(scores[b], scores[a])
		})
		for place, key := range s.sort() {
			if got := int(uint32(key)); got != want[place] {
				t.Fatalf("candidate %d (%v) is in place %d; want %d (%v)", got, scores[got], place, want[place], scores[want[place]])
			}
		}
	})
}

// BenchmarkSort sorts other scores each time: those of the time before are soon known to
// the processor, comparison by comparison.
func BenchmarkSort(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	scores := make([]float32, 1<<20)
	for i := range scores {
		scores[i] = float32(random.NormFloat64())
	}
	for _, n := range []int{leastCounted, 200, 1000} {
		f := func(name string, sort func(s *sorter)) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				var s sorter
				b.ReportAllocs()
				for from := 0; b.Loop(); from = (from + n) % (len(scores) - n) {
					s.resize(n)
					for i, score := range scores[from : from+n] {
						s.put(i, score, rank.SourceModel)
					}
					sort(&s)
				}
			})
		}
		f("here", func(s *sorter) { s.sort() })
		f("slices", func(s *sorter) { slices.Sort(s.keys) })
	}
}
