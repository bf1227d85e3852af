package load

import (
	"context"
	"sync"
	"time"
)

// Event is something that is done in the middle of a run, so long after its beginning.
type Event struct {
	At time.Duration
	Do func() error
}

// happen has events happen and returns where their first error is told, once they
// all have happened or ctx has ended.
func happen(ctx context.Context, events []Event) <-chan error {
	told := make(chan error, 1)
	began := time.Now()
	var wg sync.WaitGroup
	errs := make([]error, len(events))
	for i, e := range events {
		wg.Go(func() {
			if Pause(ctx, e.At-time.Since(began)) == nil {
				errs[i] = e.Do()
			}
		})
	}
	go func() {
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				told <- err
				break
			}
		}
		close(told)
	}()
	return told
}

// Pause waits, unless ctx ends first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
