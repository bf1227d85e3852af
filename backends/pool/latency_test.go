package pool

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestABucketHoldsWhatFallsIntoIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1<<smallest, 1<<(smallest+octaves)-1).Draw(t, "duration"))
		b := bucketOf(d)
		if from, to := lowerEnd(b), lowerEnd(b+1); d < from || d >= to || to-from > d/8 {
			t.Fatalf("%v is in bucket %d, from %v to %v", d, b, from, to)
		}
	})
}

func TestAQuantileIsNearTheOneOfTheCallsThemselves(t *testing.T) {
	var w window
	const n = 10_000
	least, span := ms, lowerEnd(bucketOf(10*ms)+1)-ms
	for i := range n {
		w.observe(0, least+time.Duration(i)*span/n, 0.95)
	}
	for _, q := range []float64{0.5, 0.95, 0.99} {
		want := least + time.Duration(q*float64(span))
		if got := w.quantile(n, q); got < want*99/100 || got > want*101/100 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestNothingIsSlowBeforeAHundredCalls(t *testing.T) {
	l := latency{trigger: 0.95}
	for range enough - 1 {
		l.observe(6, 0, ms)
	}
	if got := l.slow(6); got != 0 {
		t.Errorf("99 calls taught that %v is slow", got)
	}
	l.observe(6, 0, ms)
	if got := l.slow(6); got < ms*7/8 || got > ms*8/7 {
		t.Errorf("a hundred calls of 1 ms taught that %v is slow", got)
	}
}

func TestAClassThatIsNotKnownUsesTheNearest(t *testing.T) {
	l := latency{trigger: 0.95}
	for range enough {
		l.observe(2, 0, ms)
		l.observe(8, 0, 8*ms)
	}
	for class, want := range map[int]time.Duration{0: ms, 2: ms, 4: ms, 5: 8 * ms, 8: 8 * ms, 13: 8 * ms} {
		if got := l.slow(class); got < want*7/8 || got > want*8/7 {
			t.Errorf("class %d: %v is slow, want %v", class, got, want)
		}
	}
}

func TestWhatWasLearnedIsForgottenAfterHalfAMinute(t *testing.T) {
	l := latency{trigger: 0.95}
	for range 1000 {
		l.observe(6, 0, 50*ms)
	}
	for i := range 1000 {
		l.observe(6, 2*halfLife+time.Duration(i)*ms, 2*ms)
	}
	if got := l.slow(6); got > 3*ms || l.worst(6) > 3*ms {
		t.Errorf("%v is slow, the worst is %v", got, l.worst(6))
	}
}

func TestSizesFallIntoPowersOfTwo(t *testing.T) {
	for rows, want := range map[int]int{0: 0, 1: 0, 2: 1, 3: 2, 4: 2, 500: 9, 512: 9, 513: 10, 1 << 20: numClasses - 1} {
		if got := classOf(rows); got != want {
			t.Errorf("%d rows are of class %d, want %d", rows, got, want)
		}
	}
}
