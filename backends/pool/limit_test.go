package pool

import (
	"testing"
	"testing/synctest"
	"time"
)

// steps observes calls that take so long while the limit is used up, each a span of
// learning after the one before.
func (l *limiter) steps(n int, took time.Duration) float64 {
	for range n {
		l.held.Store(int64(l.value()))
		l.observe(5, l.turned+limitSpan, took)
	}
	l.held.Store(0)
	return l.value()
}

func TestTheLimitFollowsWhatTheServersHold(t *testing.T) {
	var l limiter
	l.resize(192)
	if got := l.value(); got != 96 {
		t.Errorf("it begins with %v, not with half of what the servers may hold", got)
	}
	if got := l.steps(1000, 10*ms); got != 192 {
		t.Errorf("while calls take what they took it grows to %v", got)
	}
	if got := l.steps(30, 100*ms); got > 50 {
		t.Errorf("30 calls that took ten times as long left it at %v", got)
	}
	if got := l.steps(3000, 10*ms); got != 192 {
		t.Errorf("when they are fast again it is %v", got)
	}
	l.resize(64)
	if got := l.value(); got != 64 {
		t.Errorf("with two servers gone it is %v", got)
	}
}

func TestTheLimitDoesNotGrowWhileItIsNotUsed(t *testing.T) {
	var l limiter
	l.resize(192)
	for range 1000 {
		l.observe(5, l.turned+limitSpan, 10*ms)
	}
	if got := l.value(); got != 96 {
		t.Errorf("it is %v", got)
	}
}

func TestAServerThatIsFullLowersTheLimit(t *testing.T) {
	var l limiter
	l.resize(192)
	before := l.steps(1000, 10*ms)
	l.observe(5, l.turned, 10*ms)
	l.refused(l.turned + limitSpan)
	if got := l.value(); got != 0.75*before {
		t.Errorf("one refusal beside one answer took it from %v to %v", before, got)
	}
	for range 5 {
		l.refused(l.turned + limitSpan)
	}
	if got := l.value(); got != leastLimit {
		t.Errorf("refusals alone took it to %v", got)
	}
}

func TestCallsThatMatterLessMeetTheLimitSooner(t *testing.T) {
	var l limiter
	l.resize(192)
	held := 0
	for l.acquire(0.25) {
		held++
	}
	if held != 24 || !l.acquire(1) {
		t.Errorf("a quarter of 96 places are %d, or none was left for others", held)
	}
}

func TestTheLimitBeginsWithHalfOfWhatTheKnownServersMayHold(t *testing.T) {
	var l limiter
	for most, want := range []float64{leastLimit, 1, 2, 3} {
		if l.resize(most); l.value() != want {
			t.Errorf("%d places: it begins with %v", most, l.value())
		}
	}
	for most, want := range map[int]float64{30: leastLimit, 64: 32, 192: 96} {
		if l.resize(most); l.value() != want {
			t.Errorf("%d places: it begins with %v", most, l.value())
		}
	}
}

func TestTheLimitIsNotForgottenWhenAllServersAreGoneForAMoment(t *testing.T) {
	var l limiter
	l.resize(192)
	l.steps(1000, 10*ms)
	learned := l.steps(5, 100*ms)
	l.resize(0)
	l.resize(192)
	if got := l.value(); got != learned || got == 192 {
		t.Errorf("it was %v and is %v", learned, got)
	}
}

func TestAfterASpellOfSlownessWithFewCallsTheLimitGrowsAgain(t *testing.T) {
	var l limiter
	l.resize(192)
	for range 500 {
		l.refused(l.turned + limitSpan)
	}
	if got := l.value(); got != leastLimit {
		t.Errorf("refusals took it to %v", got)
	}
	if got := l.steps(300, 10*ms); got != 192 {
		t.Errorf("after 300 good calls, as many at once as it allows, it is %v", got)
	}
}

// Under overload calls take what the budgets are, and those that take a little more are
// no failures of the server.
func TestAServerThatIsOverloadedIsNotTakenForOneThatIsIll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		p := w.start(t, w.config())
		defer stop(t, p)
		for i := range 400 { // up to 100 ms, as queues have it
			w.all(slow(time.Duration(i%100) * ms))
			_, _ = ask(p, 100*ms)
		}
		w.all(slow(101 * ms))
		for range 4 * failuresInRow {
			_, _ = ask(p, 100*ms)
		}
		if state := p.stateOf(w.list[0].address); state != Well {
			t.Errorf("the server is %v: %+v", state, p.Stats().Servers[0])
		}
	})
}
