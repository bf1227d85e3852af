package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestWhereLittleIsMarkedTheCollectorWaitsForMore(t *testing.T) {
	for _, c := range []struct {
		marked uint64 // MiB
		want   int
	}{
		{0, 1600}, // as for leastHeap
		{8, 800},
		{32, 200},
		{64, 100},
		{1 << 20, 100},
	} {
		if got := percentFor(c.marked << 20); got != c.want {
			t.Errorf("percentFor(%d MiB) = %d; want %d", c.marked, got, c.want)
		}
	}
	for marked := uint64(leastHeap); marked < math.MaxUint32; marked += marked / 3 {
		if p := uint64(percentFor(marked)); p > usualPercent && (p+1)*marked/100 < leastGarbage {
			t.Errorf("%d bytes marked: %d %% is less than %d", marked, p, leastGarbage)
		}
	}
}

func TestWhereMuchIsKeptTheCollectorIsAsUsual(t *testing.T) {
	before := debug.SetGCPercent(usualPercent)
	defer debug.SetGCPercent(before)
	s := spacing{percent: usualPercent}
	for _, marked := range []uint64{51 << 20, 400 << 20} { // 125 %, then 100
		s.adjust(marked)
	}
	if p := debug.SetGCPercent(usualPercent); p != usualPercent {
		t.Errorf("with 400 MiB marked the collector waits for %d %% of them; want %d", p, usualPercent)
	}
}

// A waiting caller is a stack. The collector counts stacks beside what is live, and its
// percentage is of both.
func TestTheCollectorDoesNotWaitForAMultipleOfTheStacks(t *testing.T) {
	wait, waiting := make(chan struct{}), make(chan struct{})
	for range 2000 {
		go deep(16, wait, waiting)
		<-waiting
	}
	before := debug.SetGCPercent(usualPercent)
	defer func() {
		debug.SetGCPercent(before)
		close(wait)
	}()
	runtime.GC()
	runtime.GC()
	roots := read("/gc/scan/stack:bytes") + read("/gc/scan/globals:bytes")
	if roots < 16<<20 {
		t.Fatalf("%d bytes of stacks and globals; the test wants more", roots)
	}
	(&spacing{percent: usualPercent}).adjust(marked())
	live, goal := read("/gc/heap/live:bytes"), read("/gc/heap/goal:bytes")
	if most := live + max(leastGarbage*5/4, live+roots); goal > most {
		t.Errorf("%d MiB live, %d MiB of stacks: the next run is at %d MiB; want %d at most", live>>20, roots>>20, goal>>20, most>>20)
	}
}

// deep waits with some kilobytes on its stack.
func deep(n int, wait, waiting chan struct{}) (sum byte) {
	var frame [1 << 10]byte
	frame[n] = byte(n)
	if n > 0 {
		sum = deep(n-1, wait, waiting)
	} else {
		waiting <- struct{}{}
		<-wait
	}
	return sum + frame[n]
}
