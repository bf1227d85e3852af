package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

const (
	ms    = time.Millisecond
	usual = 50 * ms
)

func TestABlackHoleIsEjectedWithinASecondOfLoad(t *testing.T) {
	for name, each := range map[string]time.Duration{"short budgets": usual, "long budgets": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(3)
				p := w.start(t, w.config())
				defer stop(t, p)
				flood(p, 5*time.Second, ms, each)
				hole := w.list[1]
				hole.be(behaviour{takes: time.Hour}) // its probes go on to succeed
				began, ejected := time.Now(), make(chan time.Duration, 1)
				go func() {
					for p.stateOf(hole.address) == Well && time.Since(began) < 3*time.Second {
						time.Sleep(ms)
					}
					ejected <- time.Since(began)
				}()
				flood(p, 2*time.Second, ms, each)
				if took := <-ejected; took > time.Second {
					t.Errorf("ejected after %v", took)
				}
				if ok, failed := flood(p, 10*time.Second, ms, each); failed > ok/1000 {
					t.Errorf("after that %d calls were answered and %d failed", ok, failed)
				}
				hole.be(well)
				flood(p, 70*time.Second, 10*ms, each)
				if state := p.stateOf(hole.address); state != Well {
					t.Errorf("70 s after it is well again the server is %v", state)
				}
			})
		})
	}
}

func TestAFlappingServerCostsAlmostNothingAndIsNeverWedged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		p := w.start(t, w.config())
		defer stop(t, p)
		flood(p, 2*time.Second, ms, usual)
		stopFlapping := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				w.list[0].be([]behaviour{broken, well}[i%2])
				select {
				case <-stopFlapping:
					w.list[0].be(well)
					return
				case <-time.After(500 * ms):
				}
			}
		}()
		ok, failed := flood(p, 30*time.Second, 2*ms, usual)
		if failed > ok/1000 {
			t.Errorf("%d calls were answered and %d failed", ok, failed)
		}
		close(stopFlapping)
		flood(p, 40*time.Second, ms, usual)
		if state := p.stateOf(w.list[0].address); state != Well {
			t.Errorf("40 s after the flapping the server is %v", state)
		}
	})
}

func TestAPoolThatWasDownIsBackWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		p := w.start(t, w.config())
		defer stop(t, p)
		flood(p, 2*time.Second, ms, usual)
		for _, s := range w.list {
			s.be(broken)
		}
		flood(p, time.Second, ms, usual)
		before := p.Stats()
		flood(p, 30*time.Second, 2*ms, usual)
		after := p.Stats()
		for i := range after.Servers {
			if trials := after.Servers[i].Calls - before.Servers[i].Calls; trials > 75 {
				t.Errorf("%s was tried %d times in 30 s", after.Servers[i].Address, trials)
			}
		}
		for _, s := range w.list {
			s.be(well)
		}
		flood(p, 5*time.Second, ms, usual)
		for _, s := range w.list {
			if state := p.stateOf(s.address); state != Well {
				t.Errorf("%s is %v", s.address, state)
			}
		}
		if _, failed := flood(p, time.Second, ms, usual); failed > 0 {
			t.Errorf("%d calls failed after that", failed)
		}
	})
}

func TestBelowHalfTheEjectedServersAreAskedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(5)
		p := w.start(t, w.config())
		defer stop(t, p)
		for _, s := range p.servers[:2] {
			s.health.trip()
			p.look(s)
		}
		if from, panics := p.view.Load().candidates(); len(from) != 3 || panics {
			t.Errorf("with 3 of 5 well, %d are asked", len(from))
		}
		p.servers[2].health.trip()
		p.look(p.servers[2])
		if from, panics := p.view.Load().candidates(); len(from) != 5 || !panics {
			t.Errorf("with 2 of 5 well, %d are asked", len(from))
		}
		flood(p, 400*ms, ms/4, usual)
		for _, s := range w.list {
			if s.sends.Load() == 0 {
				t.Errorf("%s was not asked", s.address)
			}
		}
	})
}

func TestWhatIsNotTheServersFaultDoesNotEjectIt(t *testing.T) {
	cases := map[string]struct {
		behaviour
		budget time.Duration
		leave  bool
	}{
		"rows that are wrong":               {behaviour: choosy, budget: usual},
		"no room":                           {behaviour: overloaded, budget: usual},
		"callers who leave":                 {behaviour: slow(20 * ms), budget: usual, leave: true},
		"budgets below what it always took": {behaviour: slow(20 * ms), budget: 5 * ms},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(1)
				p := w.start(t, w.config())
				defer stop(t, p)
				w.list[0].be(slow(20 * ms))
				flood(p, 2*time.Second, 10*ms, usual)
				w.list[0].be(c.behaviour)
				for range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), c.budget)
					if c.leave {
						time.AfterFunc(ms, cancel)
					}
					_, err := Do(ctx, p, aCall())
					cancel()
					if err == nil {
						t.Fatal("an answer")
					}
				}
				if state := p.stateOf(w.list[0].address); state != Well || p.Stats().Servers[0].Failures > 0 {
					t.Errorf("the server is %v: %+v", state, p.Stats().Servers[0])
				}
			})
		})
	}
}

func TestAServerThatStaysIllIsTriedLessAndLess(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(broken)
		p.servers[0].health.trip()
		p.look(p.servers[0])
		before := w.list[0].sends.Load()
		flood(p, 2*time.Minute, 10*ms, usual)
		// After 1, 2, 4, 8, 16 and then 30 s, each of them up to twice as often.
		if n := w.list[0].sends.Load() - before; n < 5 || n > 14 {
			t.Errorf("%d trials in two minutes", n)
		}
	})
}

func TestAServerThatFailsFastDoesNotDrawTheCalls(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.list[0].be(overloaded)
		before := w.list[0].sends.Load()
		ok, _ := flood(p, 10*time.Second, ms, usual)
		if n := w.list[0].sends.Load() - before; n > ok/20 {
			t.Errorf("a server that refuses all was sent %d calls, the others answered %d", n, ok)
		}
	})
}

func TestANewServerIsNotFlooded(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		p.servers[0].health.trip()
		p.look(p.servers[0])
		for p.stateOf(w.list[0].address) != Well {
			_, _ = ask(p, usual)
		}
		sends := func() int64 { return w.list[0].sends.Load() }
		before := sends()
		flood(p, 500*ms, ms/2, usual)
		early := sends() - before
		flood(p, slowStart, ms/2, usual)
		before = sends()
		flood(p, 500*ms, ms/2, usual)
		if late := sends() - before; early > late/2 || late < 250 {
			t.Errorf("%d calls in its first half second, %d later", early, late)
		}
	})
}

func TestAPoolWithoutAWellServerRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		p := w.start(t, w.config())
		defer stop(t, p)
		w.list[0].be(broken)
		for range failuresInRow {
			_, _ = ask(p, usual)
		}
		began := time.Now()
		_, err := ask(p, usual)
		if codeOf(err) != rank.Unavailable || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestAServerWhoseProbesFailIsLeftOutUntilTheySucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(2)
		p := w.start(t, w.config())
		defer stop(t, p)
		w.list[0].be(behaviour{unready: true, err: rank.Errorf(rank.Unavailable, "HTTP 503")})
		time.Sleep(3 * time.Second)
		before := w.list[0].sends.Load()
		flood(p, time.Second, ms, usual)
		if p.stateOf(w.list[0].address) != Unready || w.list[0].sends.Load() != before {
			t.Errorf("the server is %v and was sent %d calls", p.stateOf(w.list[0].address), w.list[0].sends.Load()-before)
		}
		if err := p.errorOf(w.list[0].address); codeOf(err) != rank.Unavailable {
			t.Errorf("it is said to have failed with %v", err)
		}
		w.list[0].be(well)
		flood(p, 10*time.Second, ms, usual)
		if p.stateOf(w.list[0].address) != Well || w.list[0].sends.Load() < 1000 {
			t.Errorf("the server is %v and was sent %d calls", p.stateOf(w.list[0].address), w.list[0].sends.Load())
		}
		if err := p.errorOf(w.list[0].address); err != nil {
			t.Errorf("it is said to fail with %v", err)
		}
	})
}
