package main

import (
	"slices"
	"testing"
	"time"
)

func TestPoissonArrivalsHaveTheRateOfTheirStep(t *testing.T) {
	due := poisson(newRandom(1), step{1000, 10 * time.Second}, step{100, 10 * time.Second})
	if !slices.IsSorted(due) {
		t.Error("requests are due out of order")
	}
	second, _ := slices.BinarySearch(due, 10*time.Second)
	if n := second; n < 9500 || n > 10_500 {
		t.Errorf("%d requests in the first step; want about 10,000", n)
	}
	if n := len(due) - second; n < 850 || n > 1150 {
		t.Errorf("%d requests in the second step; want about 1,000", n)
	}
	if due[len(due)-1] >= 20*time.Second {
		t.Errorf("the last one is due at %v, after the end", due[len(due)-1])
	}
}

func TestConstantArrivalsAreEvenlySpaced(t *testing.T) {
	if due := constant(4, time.Second); !slices.Equal(due, schedule{0, 250e6, 500e6, 750e6}) {
		t.Errorf("%v", due)
	}
}

func TestAPacerWaitsUntilTheNextIsDueAndStopsAtTheEnd(t *testing.T) {
	p := &pacer{due: schedule{10, 30}}
	for _, c := range []struct {
		elapsed time.Duration
		hits    uint64
		wait    time.Duration
		stop    bool
	}{{0, 0, 10, false}, {12, 1, 18, false}, {40, 1, -10, false}, {41, 2, 0, true}} {
		if wait, stop := p.Pace(c.elapsed, c.hits); wait != c.wait || stop != c.stop {
			t.Errorf("after %d and %d requests: %d, %v; want %d, %v", c.elapsed, c.hits, wait, stop, c.wait, c.stop)
		}
	}
}
