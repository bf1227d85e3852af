package batcher

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/model"
)

func TestARowThatTheModelRefusesFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		works := make([]*Work, 4)
		var wg sync.WaitGroup
		for i := range works {
			works[i] = workOf(20, int64(100*i), 10*time.Second)
			wg.Go(func() { b.Score(works[i]) })
			if i == 2 {
				works[i].Rows.(*fakeRows).bad = 13
			}
			synctest.Wait()
		}
		wg.Wait()
		for _, w := range works {
			checkScores(t, w)
		}
		if !math.IsNaN(float64(works[2].Scores[13])) {
			t.Errorf("the refused row has score %v; want none", works[2].Scores[13])
		}
		if s := b.Stats(); s.BadRows != 1 {
			t.Errorf("Stats.BadRows = %d; want 1", s.BadRows)
		}
	})
}

func TestManyRowsThatTheModelRefusesCostNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 512, NewRunners(1), &fakeModel{})
		w := workOf(512, 0, time.Hour)
		w.Rows = everyThirtySecond{w.Rows.(*fakeRows)}
		b.Score(w)
		for i, s := range w.Scores {
			if scored := s == s; scored != (i%32 != 31) {
				t.Fatalf("row %d has score %v", i, s)
			}
		}
	})
}

// everyThirtySecond row is poison.
type everyThirtySecond struct{ *fakeRows }

func (r everyThirtySecond) Write(t *model.Tensors, from, to, at, request int) {
	r.fakeRows.Write(t, from, to, at, request)
	for i := from; i < to; i++ {
		if i%32 == 31 {
			t.Inputs[0].Int64[at+i-from] = poison
		}
	}
}

func TestAModelThatRefusesEverythingIsNotAskedForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{tag: 1, broken: true}
		b := newBatcher(t, 512, NewRunners(1), m)
		var failures []error
		b.onError = func(err error) { failures = append(failures, err) }
		w := workOf(500, 0, time.Minute)
		w.Rows.(*fakeRows).tag = 1
		if err := b.Score(w); err == nil {
			t.Error("Score of a broken model returned no error")
		}
		if len(m.sizes) > 128 || len(failures) != len(m.sizes) || b.Stats().Failed != uint64(len(failures)) {
			t.Errorf("%d passes, %d errors heard of, %d counted; want at most 128, and all heard of",
				len(m.sizes), len(failures), b.Stats().Failed)
		}
		before := len(m.sizes)
		b.Score(w)
		if again := len(m.sizes) - before; again > 4 {
			t.Errorf("a model known to refuse everything was asked %d times again; want at most 4", again)
		}
	})
}

func TestAPanicHitsTheRequestItBelongsTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		var wg sync.WaitGroup
		for i := range 4 {
			w := workOf(10, int64(100*i), time.Second)
			if i == 2 {
				w.Rows = panicky{w.Rows}
			}
			wg.Go(func() {
				defer func() {
					if panicked := recover() != nil; panicked != (i == 2) {
						t.Errorf("request %d panicked: %v", i, panicked)
					}
				}()
				if err := b.Score(w); err != nil {
					t.Errorf("request %d: %v", i, err)
				}
				checkScores(t, w)
			})
			synctest.Wait()
		}
		wg.Wait()
		if b.runners.idle != 1 || len(b.spare) != 1 {
			t.Errorf("%d runners and %d passes came back; want 1 of each", b.runners.idle, len(b.spare))
		}
	})
}

// panicky rows can't be written.
type panicky struct{ Rows }

func (panicky) Write(*model.Tensors, int, int, int, int) { panic("a bug in a feature") }
