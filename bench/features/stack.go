package main

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// stack is one way to get the rows of a request.
type stack struct {
	name string
	load *load
	runner
}

// runner asks for requests of a load, one after the other, until some time has
// passed.
type runner interface {
	run(ctx context.Context, l *load, length time.Duration) (*slice, error)
	close()
}

// slice is what a runner did at a time.
type slice struct {
	took    []time.Duration // by request
	mallocs uint64          // memory allocations, 0 where they can't be counted
	bytes   uint64          // of them
	cpu     time.Duration   // that the process of the runner used
	hits    uint64          // rows that were kept in the process
	rows    uint64          // rows asked for
}

// asker is a stack in this process. prepare is not measured and allocates nothing;
// ask gets the rows and touches each of them.
type asker interface {
	prepare(request []int32)
	ask(ctx context.Context) error
	hits() uint64 // since the beginning
	close()
}

// goRunner runs an asker.
type goRunner struct{ asker }

// firstRequests of each slice are not counted: another stack has had the
// processor's caches since the last one.
const firstRequests = 3

func (r goRunner) run(ctx context.Context, l *load, length time.Duration) (*slice, error) {
	for range firstRequests {
		r.prepare(l.take())
		if err := r.ask(ctx); err != nil {
			return nil, err
		}
	}
	s := &slice{took: make([]time.Duration, 0, 1<<14), hits: r.hits()}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := processorTime()
	preparing := time.Duration(0)
	for begin := time.Now(); time.Since(begin) < length && len(s.took) < cap(s.took); {
		request := l.take()
		s.rows += uint64(len(request))
		start := time.Now()
		r.prepare(request)
		asked := time.Now()
		if err := r.ask(ctx); err != nil {
			return nil, err
		}
		s.took = append(s.took, time.Since(asked))
		preparing += asked.Sub(start)
	}
	s.cpu = processorTime() - used - preparing
	runtime.ReadMemStats(&after)
	s.mallocs, s.bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	s.hits = r.hits() - s.hits
	return s, nil
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// touched keeps the compiler from leaving out what is only read.
var touched int //nolint:unused // it is written to, by every stack

// missingRow says that a stack did not find what every stack must find.
func missingRow(id string) error { return fmt.Errorf("the row of item %s is missing", id) }
