package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// leastGarbage is about how many bytes are allocated at least between two runs of the
// garbage collector. Where little is kept, Go's default of as much as is live would
// have it run twenty times a second, and a cold /rank cost up to an eighth more (bench
// rivals: nothing kept).
const leastGarbage = 64 << 20

// spaceCollections has the collector keep to leastGarbage from now on. An operator who
// has set GOGC has decided otherwise; GOMEMLIMIT stands above both.
func spaceCollections() {
	if os.Getenv("GOGC") == "" {
		afterCollection(&spacing{percent: usualPercent})
	}
}

// usualPercent is Go's default: a run after as much was allocated as is live.
const usualPercent = 100

// spacing is what the collector was told last.
type spacing struct{ percent int }

// afterCollection adjusts s now and after each run of the collector, which frees the
// object that is made here.
func afterCollection(s *spacing) {
	s.adjust(marked())
	runtime.AddCleanup(new(*spacing), afterCollection, s)
}

// adjust tells the collector of a percentage that is another by far, or the usual one.
// To tell it stops all goroutines for some microseconds.
func (s *spacing) adjust(marked uint64) {
	p := percentFor(marked)
	if p > s.percent*5/4 || p < s.percent*4/5 || p == usualPercent && p != s.percent {
		s.percent = p
		debug.SetGCPercent(p)
	}
}

// leastHeap is the heap in bytes up to which Go does not collect at usualPercent. It grows
// with the percentage: one chosen for less that is marked would allow for more garbage.
const leastHeap = 4 << 20

// percentFor is how much of what is marked may be allocated before the next run.
func percentFor(marked uint64) int {
	return int(max(usualPercent, 100*leastGarbage/max(marked, leastHeap)))
}

// marked is how many bytes the last run found to be in use. Stacks and globals are among
// them: the percentage is of those too.
func marked() uint64 {
	return read("/gc/heap/live:bytes") + read("/gc/scan/stack:bytes") + read("/gc/scan/globals:bytes")
}

// read returns one of the runtime's counts of bytes.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
