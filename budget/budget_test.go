package budget

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestACallerGetsWhatItAskedForUpToTheMaximum(t *testing.T) {
	limits := Limits{Default: 50 * time.Millisecond, Max: time.Second}
	f := func(asked, want time.Duration) {
		t.Helper()
		if got := limits.Grant(asked); got != want {
			t.Errorf("Grant(%v) = %v; want %v", asked, got, want)
		}
	}
	f(0, 50*time.Millisecond)
	f(20*time.Millisecond, 20*time.Millisecond)
	f(time.Minute, time.Second)
}

func TestWorkEndsBeforeTheDeadlineAndNotMuch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(0, 0)
		granted := time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "budget"))
		deadline := start.Add(granted)
		reply := deadline.Sub(WorkDeadline(start, deadline))
		if reply < 0 || reply > replyMax || reply > granted/replyShare {
			t.Fatalf("of %v, %v are kept for the reply", granted, reply)
		}
	})
}

func TestAFetchLeavesHalfOfTheBudgetToThePass(t *testing.T) {
	now := time.Unix(9, 0)
	for left, want := range map[time.Duration]time.Duration{time.Second: 500 * time.Millisecond, 0: 0, -time.Second: 0} {
		if got := FetchDeadline(now, now.Add(left)).Sub(now); got != want {
			t.Errorf("of %v a fetch gets %v; want %v", left, got, want)
		}
	}
}

func TestCostIsLearnedAndFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Cost
		for range 2 { // the machine changes half way
			fixed := rapid.Float64Range(0, 1e6).Draw(t, "fixed ns")
			perRow := rapid.Float64Range(1, 1e4).Draw(t, "ns per row")
			cost := func(n int) time.Duration { return time.Duration(fixed + perRow*float64(n)) }
			sizes := rapid.SliceOfN(rapid.IntRange(1, 1000), 2, 20).Draw(t, "rows")
			for i := range 4000 {
				n := sizes[i%len(sizes)]
				c.Observe(n, cost(n))
			}
			for _, n := range sizes {
				got, want := c.Estimate(n), cost(n)
				if math.Abs(float64(got-want)) > 0.05*float64(want)+20 {
					t.Fatalf("a pass of %d rows costs %v, the estimate is %v", n, want, got)
				}
			}
		}
	})
}

func TestAnEstimateIsNeverNegativeNorShrinksWithRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Cost
		for range rapid.IntRange(0, 50).Draw(t, "observations") {
			c.Observe(rapid.IntRange(1, 5000).Draw(t, "rows"), time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "took")))
			n := rapid.IntRange(1, 5000).Draw(t, "asked")
			if few, more := c.Estimate(n), c.Estimate(n+1); few < 0 || more < few {
				t.Fatalf("estimates of %d and one more row: %v, %v", n, few, more)
			}
		}
	})
}

func TestOneStalledPassHardlyMovesTheEstimate(t *testing.T) {
	var c Cost
	for range 100 {
		c.Observe(10, time.Millisecond)
	}
	c.Observe(10, 10*time.Second)
	if got := c.Estimate(10); got > 1500*time.Microsecond {
		t.Errorf("after one pass of 10 s among those of 1 ms the estimate is %v", got)
	}
}

func TestAModelThatBecameFasterIsBelievedSoon(t *testing.T) {
	var c Cost
	for range 1000 {
		c.Observe(10, 100*time.Millisecond)
	}
	passes := 0
	for c.Estimate(10) > 10*time.Millisecond {
		c.Observe(10, 5*time.Millisecond)
		passes++
	}
	if passes > 20 {
		t.Errorf("it took %d passes of 5 ms to forget 100 ms", passes)
	}
}

func TestManyPassesOfOneSizeDoNotUnteachTheOthers(t *testing.T) {
	var c Cost
	cost := func(n int) time.Duration { return time.Millisecond + time.Duration(n)*10*time.Microsecond }
	for range 10 {
		c.Observe(1, cost(1))
		c.Observe(512, cost(512))
	}
	for i := range 20000 {
		c.Observe(10, cost(10))
		if got, want := c.Estimate(500), cost(500); got < want*9/10 || got > want*11/10 {
			t.Fatalf("after %d passes of 10 rows one of 500 is expected to take %v instead of %v", i+1, got, want)
		}
	}
}
