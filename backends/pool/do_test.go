package pool

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// inPool runs a test with a pool of well servers that has learned what calls take.
func inPool(t *testing.T, servers int, test func(t *testing.T, w *world, p *Pool[*fakeServer])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(servers)
		p := w.start(t, w.config())
		defer stop(t, p)
		flood(p, 5*time.Second, ms, usual)
		test(t, w, p)
	})
}

// all makes every server behave in one way.
func (w *world) all(b behaviour) {
	for _, s := range w.list {
		s.be(b)
	}
}

// askFirst asks until the first attempt goes to a server that s is not like.
func askFirst(t *testing.T, p *Pool[*fakeServer], s *fakeServer, call *Call[*fakeServer, *answer], budget time.Duration) (*answer, error) {
	t.Helper()
	for _, other := range p.servers { // the least loaded of few servers is asked
		if other.address != s.address {
			other.risen.Store(int64(p.now()))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	return Do(ctx, p, call)
}

func TestACallThatTakesLongerThanItsLikeIsHedged(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(slow(40 * ms))
		began := time.Now()
		got, err := askFirst(t, p, w.list[0], aCall(), usual)
		if err != nil || !got.extra || got.by == w.list[0] {
			t.Fatalf("got %+v, %v", got, err)
		}
		if took := time.Since(began); took > 5*ms {
			t.Errorf("it took %v, though others take 2 ms", took)
		}
		if s := p.Stats(); s.Hedges != 1 || s.HedgeWins != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNoHedgeIsSentThatCouldNotAnswerInTime(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(slow(40 * ms))
		if _, err := askFirst(t, p, w.list[0], aCall(), 4*ms); codeOf(err) != rank.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if s := p.Stats(); s.Hedges != 0 {
			t.Errorf("%d hedges, 2 ms before the deadline and with servers that take 2 ms", s.Hedges)
		}
	})
}

func TestACallThatIsNotToBeHedgedIsNot(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(slow(40 * ms))
		call := aCall()
		call.Hedge = false
		if got, err := askFirst(t, p, w.list[0], call, usual); err != nil || got.by != w.list[0] {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestAConnectionThatIsRefusedIsTriedElsewhereAtOnce(t *testing.T) {
	inPool(t, 2, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(unreached)
		call := aCall()
		call.Idempotent = false
		began := time.Now()
		got, err := askFirst(t, p, w.list[0], call, usual)
		if err != nil || got.by != w.list[1] || time.Since(began) > well.takes || p.Stats().Retries != 1 {
			t.Errorf("after %v: %+v, %v", time.Since(began), got, err)
		}
	})
}

func TestWhatAServerMayHaveSeenIsRepeatedOnlyIfThatIsSafe(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		inPool(t, 2, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
			w.list[0].be(broken)
			call := aCall()
			call.Idempotent = idempotent
			if _, err := askFirst(t, p, w.list[0], call, usual); (err == nil) != idempotent {
				t.Errorf("idempotent %v: %v", idempotent, err)
			}
		})
	}
}

func TestRowsThatAreWrongAreNotSentAgain(t *testing.T) {
	for _, b := range []behaviour{choosy, overloaded} {
		inPool(t, 2, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
			w.list[0].be(b)
			_, err := askFirst(t, p, w.list[0], aCall(), usual)
			if codeOf(err) != codeOf(b.err) || p.Stats().Retries != 0 {
				t.Errorf("%v: got %v and %d retries", b.err, err, p.Stats().Retries)
			}
		})
	}
}

func TestACallIsSentTwiceAtMost(t *testing.T) {
	inPool(t, 4, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.all(behaviour{takes: 10 * ms, err: broken.err})
		before := p.Stats()
		if _, err := ask(p, usual); codeOf(err) != rank.Unavailable {
			t.Errorf("got %v", err)
		}
		sent := 0
		for i, s := range p.Stats().Servers {
			sent += int(s.Calls - before.Servers[i].Calls)
		}
		if sent != 2 || p.Stats().Hedges != 1 {
			t.Errorf("%d copies were sent, %d of them hedges", sent, p.Stats().Hedges)
		}
	})
}

func TestHedgesThatWouldHelpStopAtTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		cfg := w.config()
		cfg.Hedge.Budget = 0.01
		p := w.start(t, cfg)
		defer stop(t, p)
		for i := range 20000 {
			call := aCall()
			call.Send = func(ctx context.Context, s *fakeServer, a *Attempt) (*answer, error) {
				if i%25 == 0 && !a.Extra {
					time.Sleep(10 * ms)
				}
				return s.serve(ctx, a)
			}
			ctx, cancel := context.WithTimeout(t.Context(), usual)
			_, _ = Do(ctx, p, call)
			cancel()
		}
		if s := p.Stats(); s.Hedges > 200 || s.Hedges < 150 || s.Unaffordable < 500 {
			t.Errorf("%d hedges for %d calls, %d not affordable", s.Hedges, s.Calls, s.Unaffordable)
		}
	})
}

func TestServersThatBecomeSlowAreHardlyHedged(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		before := p.Stats()
		w.all(slow(20 * ms))
		ok, failed := flood(p, 10*time.Second, ms, 200*ms)
		after := p.Stats()
		if hedges := after.Hedges - before.Hedges; float64(hedges) > 0.05*float64(ok) {
			t.Errorf("%d hedges for %d calls", hedges, ok)
		}
		if failed > ok/100 {
			t.Errorf("%d calls failed of those that fit into their budget: %+v", failed, after)
		}
	})
}

func TestATrialThatLosesDoesNotDrawTheNextCall(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(behaviour{takes: time.Hour})
		p.servers[0].health.trip()
		p.look(p.servers[0])
		before := w.list[0].sends.Load()
		flood(p, 20*time.Second, ms, usual)
		if n := w.list[0].sends.Load() - before; n < 3 || n > 40 { // half a second apart at least
			t.Errorf("%d trials in 20 s", n)
		}
	})
}

func TestTrialsOfSeveralServersDoNotComeTogether(t *testing.T) {
	inPool(t, 5, func(t *testing.T, _ *world, p *Pool[*fakeServer]) {
		seen := map[int64]bool{}
		for _, s := range p.servers {
			s.health.trip()
			wait := s.health.wait.Load()
			if d := time.Duration(wait); seen[wait] || d < firstOpen/2 || d > firstOpen {
				t.Errorf("a first wait of %v", d)
			}
			seen[wait] = true
		}
	})
}

func TestAFullPoolSaysWhichSettingIsInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(2)
		cfg := w.config()
		cfg.MaxInFlight = 3
		p := w.start(t, cfg)
		defer stop(t, p)
		w.all(slow(40 * ms))
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() { _, _ = ask(p, usual) })
		}
		synctest.Wait()
		_, err := ask(p, usual)
		if codeOf(err) != rank.Overloaded || !strings.Contains(err.Error(), "pools.gpu.max_in_flight") {
			t.Errorf("got %v", err)
		}
		wg.Wait()
	})
}

func TestACallerWhoHasNoTimeOrHasLeftIsTurnedAway(t *testing.T) {
	inPool(t, 2, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		before := w.list[0].sends.Load() + w.list[1].sends.Load()
		if _, err := ask(p, 0); codeOf(err) != rank.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Do(ctx, p, aCall()); codeOf(err) != rank.Unavailable {
			t.Errorf("got %v", err)
		}
		if after := w.list[0].sends.Load() + w.list[1].sends.Load(); after != before {
			t.Errorf("%d calls were sent", after-before)
		}
	})
}

func TestASendThatPanicsGivesItsPlaceBack(t *testing.T) {
	inPool(t, 2, func(t *testing.T, _ *world, p *Pool[*fakeServer]) {
		call, done := aCall(), 0
		call.Send = func(context.Context, *fakeServer, *Attempt) (*answer, error) { panic("a bug") }
		call.Done = func() { done++ }
		func() {
			defer func() { _ = recover() }()
			_, _ = Do(t.Context(), p, call)
		}()
		s := p.Stats()
		if s.InFlight+s.Servers[0].InFlight+s.Servers[1].InFlight != 0 || done != 1 {
			t.Errorf("Done was called %d times: %+v", done, s)
		}
	})
}

func TestACallThatIsNotExpectedToFitIsTriedNowAndThen(t *testing.T) {
	inPool(t, 2, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		fits := func(budget time.Duration) bool { return p.Fits(50, time.Now(), time.Now().Add(budget)) }
		if !fits(5*ms) || fits(0) {
			t.Error("calls that take 2 ms do not fit into 5 ms, or fit into none")
		}
		w.all(slow(20 * ms))
		flood(p, 3*time.Second, 10*ms, usual)
		for range 2 {
			if fits(5 * ms) {
				t.Error("calls that take 20 ms fit into 5 ms")
			}
		}
		time.Sleep(time.Second)
		for range 2 { // at the door, and once the features are there
			if !fits(5 * ms) {
				t.Error("nobody finds out that the servers are fast again")
			}
		}
		if _, err := ask(p, 5*ms); err == nil || fits(5*ms) {
			t.Errorf("the test call ended with %v, and others are let through", err)
		}
		w.all(well)
		time.Sleep(time.Second)
		for tries := 0; !fits(5 * ms); tries++ {
			if _, err := ask(p, 5*ms); err != nil || tries > 50 {
				t.Fatalf("after %d calls of 2 ms they do not fit into 5 ms: %v", tries, err)
			}
		}
	})
}
