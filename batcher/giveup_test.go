package batcher

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// hang is a pass that never ends by itself.
func hang(int, time.Duration) (time.Duration, error) { return time.Hour, nil }

// teach tells a batcher what its passes cost.
func teach(b *Batcher) {
	b.observe(1, costOf(1))
	b.observe(100, costOf(100))
}

func TestAPassIsGivenUpWhenItIsWorthNothingToAnyOfItsParty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{}
		b := newRemote(t, 100, NewRunners(1), m)
		teach(b)
		const short, long = 10 * time.Millisecond, 50 * time.Millisecond
		began := time.Now()
		m.answer = func(rows int, _ time.Duration) (time.Duration, error) {
			if rows == 1 {
				return costOf(1), nil
			}
			return 30 * time.Millisecond, nil // too long for two of the three
		}
		ended := scoreInTurn(b, workOf(1, 0, time.Second), workOf(3, 10, short), workOf(3, 20, long), workOf(3, 30, short))
		if len(m.passes) != 2 || m.passes[1].requests != 3 || !m.passes[1].deadline.Equal(began.Add(long)) {
			t.Fatalf("passes %+v; want the second one for three, until %v", m.passes, began.Add(long))
		}
		for i, want := range []time.Duration{costOf(1), short, costOf(1) + 30*time.Millisecond, short} {
			if o := ended[i]; o.took != want || (o.err == nil) != (want != short) {
				t.Errorf("request %d ended after %v: %v; want %v", i, o.took, o.err, want)
			}
		}
		checkScores(t, ended[2].work)
	})
}

func TestNobodyWaitsForAPassThatHangsBeyondTheirOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{}
		b := newRemote(t, 100, NewRunners(1), m)
		teach(b)
		m.answer = func(rows int, left time.Duration) (time.Duration, error) {
			if rows == 1 {
				return costOf(1), nil
			}
			return hang(rows, left)
		}
		budgets := []time.Duration{time.Second, 30 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond}
		works := []*Work{workOf(1, 0, budgets[0])}
		for _, budget := range budgets[1:] {
			works = append(works, workOf(3, 0, budget))
		}
		ended := scoreInTurn(b, works...)
		if len(m.passes) != 2 || m.passes[1].requests != 3 {
			t.Fatalf("passes %+v; want the second one for three", m.passes)
		}
		for i, o := range ended {
			if i > 0 && (o.took != budgets[i] || !Elsewhere(o.err)) {
				t.Errorf("request %d of %v ended after %v: %v", i, budgets[i], o.took, o.err)
			}
		}
	})
}

func TestALeaderWhoseCallerHasLeftLeavesThePassToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{}
		b := newRemote(t, 100, NewRunners(1), m)
		left := workOf(3, 20, 50*time.Millisecond) // the latest, so it would lead
		left.Gone = func() bool { return true }
		ended := scoreInTurn(b, workOf(1, 0, time.Second), workOf(3, 10, 30*time.Millisecond), left, workOf(3, 30, 40*time.Millisecond))
		if len(m.passes) != 2 || m.passes[1].requests != 2 || m.passes[1].rows != 6 {
			t.Fatalf("passes %+v; want the second one for the two that are left", m.passes)
		}
		for i, o := range ended {
			if i == 2 && !errors.Is(o.err, ErrGone) || i != 2 && o.err != nil {
				t.Errorf("request %d: %v", i, o.err)
			}
			if i != 2 {
				checkScores(t, o.work)
			}
		}
		if b.Stats().Gone != 1 || b.runners.idle != 1 {
			t.Errorf("%d gone, %d runners idle", b.Stats().Gone, b.runners.idle)
		}
	})
}

func TestAPassThatIsGivenUpTeachesWhatItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{answer: hang}
		b := newRemote(t, 100, NewRunners(1), m)
		fits := func() bool { return b.Fits(10, time.Now(), time.Now().Add(15*time.Millisecond), rank.CriticalPlus) }
		if !fits() {
			t.Fatal("nothing is known, and 10 rows do not fit")
		}
		_ = b.Score(workOf(10, 0, 20*time.Millisecond))
		if fits() {
			t.Errorf("a pass was given up after 20 ms, and one is still expected to take %v", b.Cost(10))
		}
	})
}

func TestATestOfAnEstimateThatIsGivenUpIsTheOnlyOneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{}
		b := newRemote(t, 100, NewRunners(4), m)
		m.answer = func(int, time.Duration) (time.Duration, error) { return 50 * time.Millisecond, nil }
		for range 20 {
			_ = b.Score(workOf(10, 0, time.Minute))
		}
		before := len(m.passes)
		for range 1000 { // ten seconds of requests whose budget does not hold 50 ms
			if b.Fits(10, time.Now(), time.Now().Add(10*time.Millisecond), rank.Critical) {
				_ = b.Score(workOf(10, 0, 10*time.Millisecond))
			} else {
				time.Sleep(10 * time.Millisecond)
			}
		}
		if tests := len(m.passes) - before; tests < 5 || tests > 11 {
			t.Errorf("%d of them were sent all the same; want one a second", tests)
		}
	})
}

func TestAQueueTurnsLowerClassesAwayFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		var wg sync.WaitGroup
		defer wg.Wait()
		score := func(budget time.Duration) {
			wg.Go(func() { _ = b.Score(workOf(100, 0, budget)) })
			synctest.Wait()
		}
		score(time.Hour) // takes the runner; time stands still from here
		deadline := time.Now().Add(30 * time.Millisecond)
		room := 30*time.Millisecond - costOf(10)
		refused := [rank.NumCriticalities]int{-1, -1, -1, -1}
		for queued := range 20 {
			for class := range rank.NumCriticalities {
				if refused[class] < 0 && !b.Fits(10, time.Now(), deadline, class) {
					refused[class] = queued
				}
			}
			score(25 * time.Millisecond)
		}
		for class := range rank.NumCriticalities {
			if want := int(float64(room)*class.Share()/float64(costOf(100))) + 1; refused[class] != want {
				t.Errorf("%v is refused behind %d waiting passes; want %d", class, refused[class], want)
			}
		}
	})
}
