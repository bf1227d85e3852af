package edge

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := newRate(10, 3)
	take := func(want time.Duration) {
		t.Helper()
		if got := r.take(now); got != want {
			t.Errorf("take() = %v; want %v", got, want)
		}
	}
	for range 3 {
		take(0)
	}
	take(100 * time.Millisecond)
	now = now.Add(99 * time.Millisecond)
	take(time.Millisecond)
	now = now.Add(time.Millisecond)
	take(0)
	take(100 * time.Millisecond)
	now = now.Add(time.Hour) // full again, and not fuller
	for range 3 {
		take(0)
	}
	take(100 * time.Millisecond)
	now = now.Add(-time.Hour) // a clock that was set back
	take(time.Hour + 100*time.Millisecond)
}

func TestNoSpanOfTimeSeesMoreThanItsBurstAndRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond, burst := rapid.Float64Range(minRate, maxRate).Draw(t, "rate"), rapid.IntRange(1, 20).Draw(t, "burst")
		r := newRate(perSecond, burst)
		begin := time.Unix(1_800_000_000, 0)
		now, taken := begin, 0
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3*r.every).Draw(t, "gap")))
			wait := r.take(now)
			if wait == 0 {
				taken++
			} else if again := r.take(now.Add(wait)); again != 0 {
				t.Fatalf("after waiting %v as told: wait %v more", wait, again)
			} else {
				now, taken = now.Add(wait), taken+1
			}
			if most := int64(burst) + int64(now.Sub(begin))/r.every; int64(taken) > most {
				t.Fatalf("%d requests in %v at %v per second, %d at once; want at most %d", taken, now.Sub(begin), perSecond, burst, most)
			}
		}
	})
}

func TestABucketIsExactHoweverManyAskAtOnce(t *testing.T) {
	const burst, askers, each = 1000, 8, 500
	r, now := newRate(0.001, burst), time.Now()
	var taken atomic.Int64
	var wait sync.WaitGroup
	for range askers {
		wait.Go(func() {
			for range each {
				if r.take(now) == 0 {
					taken.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if taken.Load() != burst {
		t.Errorf("%d of %d were let through; want %d", taken.Load(), askers*each, burst)
	}
}
