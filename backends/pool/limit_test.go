package pool

import (
	"testing"
	"time"
)

// steps observes calls that take so long while the limit is used up.
func (l *limiter) steps(n int, took time.Duration) float64 {
	for range n {
		l.held.Store(int64(l.value()))
		l.observe(5, took)
	}
	l.held.Store(0)
	return l.value()
}

func TestTheLimitFollowsWhatTheServersHold(t *testing.T) {
	var l limiter
	l.resize(192)
	if got := l.value(); got != leastLimit {
		t.Errorf("it begins with %v", got)
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
		l.observe(5, 10*ms)
	}
	if got := l.value(); got != leastLimit {
		t.Errorf("it is %v", got)
	}
}

func TestAServerThatIsFullLowersTheLimit(t *testing.T) {
	var l limiter
	l.resize(192)
	before := l.steps(1000, 10*ms)
	for range 50 {
		l.refused()
	}
	if got := l.value(); got != before-50 {
		t.Errorf("50 refusals took it from %v to %v", before, got)
	}
}

func TestCallsThatMatterLessMeetTheLimitSooner(t *testing.T) {
	var l limiter
	l.resize(192)
	held := 0
	for l.acquire(0.25) {
		held++
	}
	if held != 5 || !l.acquire(1) {
		t.Errorf("a quarter of 20 places are %d, or none was left for others", held)
	}
}
