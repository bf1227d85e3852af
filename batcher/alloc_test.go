//go:build !race

package batcher

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
)

func TestScoringAllocatesNothing(t *testing.T) {
	b, err := New(Config{MaxRows: 64}, NewRunners(1), ScorerFunc(func(rows int) (Pass, error) {
		return &instantPass{tensors: model.Tensors{Inputs: make([]model.Buffer, 2)}, scores: make([]float32, rows)}, nil
	}), ignore)
	if err != nil {
		t.Fatal(err)
	}
	w := &Work{Rows: nothing(64), Scores: make([]float32, 64)}
	if n := testing.AllocsPerRun(1000, func() {
		w.Deadline = time.Now().Add(time.Second)
		b.Score(w)
	}); n != 0 {
		t.Errorf("Score allocates %v times; want 0", n)
	}
}
