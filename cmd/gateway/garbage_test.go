package main

import (
	"math"
	"testing"
)

func TestWhereLittleIsLiveTheCollectorWaitsForMore(t *testing.T) {
	for _, c := range []struct {
		live uint64 // MiB
		want int
	}{
		{0, 1600}, // as for leastHeap
		{8, 800},
		{32, 200},
		{64, 100},
		{1 << 20, 100},
	} {
		if got := percentFor(c.live << 20); got != c.want {
			t.Errorf("percentFor(%d MiB) = %d; want %d", c.live, got, c.want)
		}
	}
	for live := uint64(leastHeap); live < math.MaxUint32; live += live / 3 {
		if p := uint64(percentFor(live)); p > usualPercent && (p+1)*live/100 < leastGarbage {
			t.Errorf("%d bytes live: %d %% is less than %d", live, p, leastGarbage)
		}
	}
}
