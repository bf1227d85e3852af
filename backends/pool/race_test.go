//go:build race

package pool

import "runtime"

// To the race detector all timers of a bubble run on one thread. Go 1.26 (runtime/time.go,
// timer.modify and maybeRunChan) runs those that are set for a moment that has come on the
// thread that sets them, and two at a time ruin the detector's stack of that one thread: it
// crashes now and then. With one processor they run one after the other. What races is
// still found, for that takes two goroutines and no two processors.
func init() { runtime.GOMAXPROCS(1) }
