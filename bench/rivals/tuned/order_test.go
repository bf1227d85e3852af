package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

func TestAnAnswerIsWhatAStableSortAndEncodingJSONMakeOfIt(t *testing.T) {
	for n := range 100 {
		random := rand.New(rand.NewPCG(3, uint64(n)))
		want, ids, scores := contract.Answer{Items: []contract.Scored{}}, make([]string, n), make([]float32, n)
		for i := range n {
			ids[i], scores[i] = "é\"\t"+strconv.Itoa(i), float32(random.IntN(20)-10)*float32(math.Pow10(random.IntN(60)-30))
			want.Items = append(want.Items, contract.Scored{ID: ids[i], Score: scores[i]})
		}
		slices.SortStableFunc(want.Items, func(a, b contract.Scored) int {
			switch {
			case a.Score > b.Score:
				return -1
			case a.Score < b.Score:
				return 1
			default:
				return 0
			}
		})
		order, err := appendOrder(nil, scores)
		if err != nil {
			t.Fatal(err)
		}
		var got contract.Answer
		if err := json.Unmarshal(appendAnswer(nil, ids, order), &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Items, want.Items) {
			t.Fatalf("%v; want %v", got.Items, want.Items)
		}
	}
}

func TestEqualScoresKeepTheirOrder(t *testing.T) {
	minus := float32(math.Copysign(0, -1))
	order, err := appendOrder(nil, []float32{minus, 0, -1, minus, 1})
	if err != nil {
		t.Fatal(err)
	}
	var got []uint32
	for _, entry := range order {
		got = append(got, uint32(entry))
	}
	if want := []uint32{4, 0, 1, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
}

func TestAScoreThatJSONDoesNotHaveIsAnError(t *testing.T) {
	for _, score := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := appendOrder(nil, []float32{1, float32(score)}); err == nil {
			t.Errorf("%v is none", score)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	scores := make([]float32, 200)
	for i := range scores {
		scores[i] = rand.Float32()*4 - 2
	}
	order := make([]uint64, 0, len(scores))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := appendOrder(order, scores); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOrderOfPairs(b *testing.B) {
	type pair struct {
		score float32
		index int
	}
	scores := make([]float32, 200)
	for i := range scores {
		scores[i] = rand.Float32()*4 - 2
	}
	pairs := make([]pair, len(scores))
	b.ReportAllocs()
	for b.Loop() {
		for i, score := range scores {
			pairs[i] = pair{score, i}
		}
		slices.SortFunc(pairs, func(a, b pair) int {
			switch {
			case a.score > b.score:
				return -1
			case a.score < b.score:
				return 1
			default:
				return a.index - b.index
			}
		})
	}
}
