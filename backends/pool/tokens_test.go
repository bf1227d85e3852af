package pool

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEveryExtraSendIsWithinTheBudgetOfTheLastTenSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := tokens{hedgeShare: 0.05, share: 0.10}
		var now time.Duration
		var sent []time.Duration // extra sends of every kind
		var hedged, primaries []time.Duration
		within := func(moments []time.Duration) (n int) { // the last ten seconds, this one included
			for _, m := range moments {
				if m/time.Second > now/time.Second-tokenSeconds {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += time.Duration(rapid.IntRange(0, 3000).Draw(t, "gap")) * ms
			for range rapid.IntRange(0, 100).Draw(t, "calls") {
				tokens.primary(now)
				primaries = append(primaries, now)
			}
			for range rapid.IntRange(0, 20).Draw(t, "wanted") {
				hedge := rapid.Bool().Draw(t, "hedge")
				if hedge && !tokens.hedge(now) || !hedge && !tokens.retry(now) {
					continue
				}
				sent = append(sent, now)
				calls := float64(within(primaries))
				if n := float64(within(sent)); n > max(0.10*calls, tokenSeconds) {
					t.Fatalf("%v extra sends for %v calls", n, calls)
				}
				if !hedge {
					continue
				}
				hedged = append(hedged, now)
				if n := float64(within(hedged)); n > max(0.05*calls, tokenSeconds) {
					t.Fatalf("%v hedges for %v calls", n, calls)
				}
			}
		}
	})
}

func TestAServiceWithFewCallsMayStillSendOneCopyASecond(t *testing.T) {
	tokens := tokens{hedgeShare: 0.05, share: 0.10}
	granted := 0
	for i := range 100 {
		if tokens.hedge(time.Duration(i) * 500 * ms) {
			granted++
		}
	}
	if granted != 50 {
		t.Errorf("%d hedges in 50 s", granted)
	}
}

func TestABudgetOfNoneMeansNone(t *testing.T) {
	tokens := tokens{share: 0.10}
	if tokens.hedge(0) || !tokens.retry(0) {
		t.Error("no hedges were budgeted, and retries were")
	}
	tokens.share = 0
	if tokens.retry(time.Minute) {
		t.Error("a retry without a budget")
	}
}
