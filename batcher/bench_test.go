package batcher

import (
	"fmt"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
)

// instantPass scores without doing anything.
type instantPass struct {
	tensors model.Tensors
	scores  []float32
}

func (p *instantPass) Tensors() *model.Tensors                         { return &p.tensors }
func (p *instantPass) Run(rows, _ int, _ time.Time) ([]float32, error) { return p.scores[:rows], nil }
func (p *instantPass) Close() error                                    { return nil }

// nothing is that many rows that write nothing.
type nothing int

func (n nothing) Len() int                               { return int(n) }
func (nothing) Write(*model.Tensors, int, int, int, int) {}

// BenchmarkHandOff is what the batcher itself costs: around a pass that takes
// no time, for one request at a time and for more requests than runners.
func BenchmarkHandOff(b *testing.B) {
	for _, workers := range []int{1, 4} {
		b.Run(fmt.Sprintf("requests=%d", workers), func(b *testing.B) {
			batcher, err := New(Config{MaxRows: 512}, NewRunners(1), ScorerFunc(func(rows int) (Pass, error) {
				return &instantPass{tensors: model.Tensors{Inputs: make([]model.Buffer, 2)}, scores: make([]float32, rows)}, nil
			}), ignore)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetParallelism(workers)
			b.RunParallel(func(pb *testing.PB) {
				w := &Work{Rows: nothing(200), Scores: make([]float32, 200)}
				for pb.Next() {
					w.Deadline = time.Now().Add(time.Second)
					batcher.Score(w)
				}
			})
		})
	}
}
