package load

import (
	"slices"
	"testing"
	"time"

	"github.com/rankgate/rankgate/bench/seed"
)

func TestPoissonArrivalsHaveTheRateOfTheirStep(t *testing.T) {
	due := Poisson(seed.Random(1), Step{1000, 10 * time.Second}, Step{100, 10 * time.Second})
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
	if due := Constant(4, time.Second); !slices.Equal(due, Schedule{0, 250e6, 500e6, 750e6}) {
		t.Errorf("%v", due)
	}
}

func TestAPacerWaitsUntilTheNextIsDueAndStopsAtTheEnd(t *testing.T) {
	const gap = 20 * time.Millisecond
	p, began := &pacer{due: Schedule{0, gap}}, time.Now()
	for hits := range uint64(2) {
		if wait, stop := p.Pace(0, hits); wait != 0 || stop {
			t.Errorf("after %d requests it says %v, %v; want 0 and on", hits, wait, stop)
		}
	}
	if waited := time.Since(began); waited < gap {
		t.Errorf("it has waited %v; want %v at least", waited, gap)
	}
	if _, stop := p.Pace(gap, 2); !stop {
		t.Error("it goes on after the last request")
	}
}
