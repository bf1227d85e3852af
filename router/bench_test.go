package router

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// BenchmarkKnown ranks candidates whose scores are all in the cache, in no order.
func BenchmarkKnown(b *testing.B) {
	for _, candidates := range []int{20, 100, 200, 1000} {
		b.Run(fmt.Sprint(candidates), func(b *testing.B) {
			kit := newBench(b, 0)
			random := rand.New(rand.NewPCG(1, 2))
			kit.scorers["3"].turn = func(float32) float32 { return float32(random.NormFloat64()) }
			req, res := request("u", numbers(0, candidates)...), &rank.Result{}
			run := func() {
				req.Start = time.Now()
				req.Deadline = req.Start.Add(time.Second)
				if err := kit.router.Rank(req, res); err != nil {
					b.Fatal(err)
				}
			}
			run()
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			if res.Coverage[rank.SourceCache] != candidates {
				b.Errorf("coverage = %v; want all from the cache", res.Coverage)
			}
		})
	}
}
