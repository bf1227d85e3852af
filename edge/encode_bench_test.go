package edge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

func BenchmarkEncode200(b *testing.B) {
	req, res := answer(200)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = appendResult(out[:0], req, res, 1840*time.Microsecond)
	}
	b.SetBytes(int64(len(out)))
}

// answer is a request for n candidates and its result.
func answer(n int) (*rank.Request, *rank.Result) {
	rng := rand.New(rand.NewPCG(1, 2))
	req := &rank.Request{ID: "r-1", User: "4217"}
	res := &rank.Result{}
	res.Resize(n)
	res.Model, res.Version, res.Variant = "ranker", "3", "stable"
	for i := range n {
		req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(10000 + i*37)})
		res.Scores[i] = rng.Float32()
		res.Sources[i] = rank.SourceModel
		res.Order = append(res.Order, int32(i))
	}
	slices.SortFunc(res.Order, func(a, b int32) int {
		if res.Scores[a] > res.Scores[b] {
			return -1
		}
		return 1
	})
	res.Coverage[rank.SourceModel] = n
	return req, res
}
