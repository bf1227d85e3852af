package batcher

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

func TestAnEstimateThatIsTooHighIsTestedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(1), m)
		m.slowdown = time.Second
		for range 20 {
			b.Score(workOf(10, 0, time.Minute))
		}
		m.slowdown = 0
		fits := func() bool { return b.Fits(10, time.Now(), time.Now().Add(50*time.Millisecond), rank.Critical) }
		if fits() {
			t.Fatal("after a slow spell a pass that took a second fits into 50 ms")
		}
		start := time.Now()
		for time.Since(start) < 2*time.Minute {
			if fits() {
				b.Score(workOf(10, 0, 50*time.Millisecond))
			}
			time.Sleep(100 * time.Millisecond)
		}
		if !fits() {
			t.Error("two minutes after a slow spell requests are still refused")
		}
	})
}

func TestAPauseDoesNotMakeAHopelessBudgetFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		time.Sleep(time.Hour)
		if b.Fits(10, time.Now(), time.Now().Add(passCost/2), rank.Critical) {
			t.Error("after a pause half a pass fits a pass")
		}
	})
}

func TestRefusalsTeachNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		before := b.cost.Estimate(100)
		for range 10000 {
			b.Fits(100, time.Now(), time.Now().Add(time.Microsecond), rank.Critical)
			b.Fits(100, time.Now(), time.Now().Add(-time.Second), rank.Critical)
		}
		if after := b.cost.Estimate(100); after != before {
			t.Errorf("10000 refusals moved the estimate from %v to %v", before, after)
		}
	})
}

func TestTheFirstRunOfAModelIsNoMeasureOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{first: time.Second}
		b := newBatcher(t, 100, NewRunners(1), m)
		if !b.Fits(10, time.Now(), time.Now().Add(costOf(30)), rank.Critical) {
			t.Errorf("the first run took a second, and now 10 rows are expected to take %v", b.cost.Estimate(10))
		}
	})
}

func TestAnUrgentRequestFitsBeforeABacklogThatIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { b.Score(workOf(100, 0, time.Minute)) })
			synctest.Wait()
		}
		if !b.Fits(10, time.Now(), time.Now().Add(costOf(30)), rank.Critical) {
			t.Error("10 urgent rows do not fit before 1900 that have a minute")
		}
		wg.Wait()
	})
}

func TestARequestOfSeveralPassesFitsIfOneOfThemDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 500, NewRunners(4), &fakeModel{})
		if !b.Fits(2000, time.Now(), time.Now().Add(costOf(500)+passCost), rank.Critical) {
			t.Error("2000 rows that four runners share do not fit")
		}
	})
}

func TestFitsCountsTheQueuesOfAllModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runners := NewRunners(1)
		b, other := newBatcher(t, 100, runners, &fakeModel{}), newBatcher(t, 100, runners, &fakeModel{})
		var wg sync.WaitGroup
		for _, budget := range []time.Duration{time.Second, costOf(20), costOf(20)} {
			wg.Go(func() { other.Score(workOf(100, 0, budget)) })
			synctest.Wait()
		}
		if b.Fits(10, time.Now(), time.Now().Add(costOf(20)), rank.Critical) {
			t.Error("10 rows fit behind 200 waiting ones of another model")
		}
		wg.Wait()
	})
}

func TestFitsCountsWhatWaitsAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		soon := func() time.Time { return time.Now().Add(costOf(30)) }
		if !b.Fits(10, time.Now(), soon(), rank.Critical) {
			t.Error("10 rows do not fit an idle batcher")
		}
		var wg sync.WaitGroup
		for _, budget := range []time.Duration{time.Second, costOf(20), costOf(20)} {
			wg.Go(func() { b.Score(workOf(100, 0, budget)) })
			synctest.Wait()
		}
		if b.Fits(10, time.Now(), soon(), rank.Critical) {
			t.Error("10 rows fit behind 200 waiting ones")
		}
		wg.Wait()
	})
}
