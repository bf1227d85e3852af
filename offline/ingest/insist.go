package ingest

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Bounds of the pause before a step is tried again, which doubles in between.
const (
	shortestPause = 50 * time.Millisecond
	longestPause  = 5 * time.Second
)

// insist repeats a step until it succeeds. An error means that ctx has ended.
func (c *Consumer) insist(ctx context.Context, step Step, do func() error) error {
	for attempt := 0; ; attempt++ {
		err := do()
		switch {
		case err == nil && attempt == 0:
			return nil
		case err == nil:
			c.log.Info("goes on", "step", step, "attempts", attempt+1)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		c.failed(step, attempt, err)
		if !pause(ctx, backoff(attempt, rand.Float64())) { //nolint:gosec // it keeps no secret
			return ctx.Err()
		}
	}
}

// failed counts a failed attempt. Those after the first of a row are not worth a
// line of their own.
func (c *Consumer) failed(step Step, attempt int, err error) {
	c.Stats.Failed[step].Add(1)
	level := slog.LevelWarn
	if attempt > 0 {
		level = slog.LevelDebug
	}
	c.log.Log(context.Background(), level, "will be tried again", "step", step, "error", err)
}

// backoff returns the pause after an attempt, counted from 0: at random between
// the half and the whole of what is doubled each time, so that the processes of
// a group don't come back together.
func backoff(attempt int, random float64) time.Duration {
	whole := min(shortestPause<<min(attempt, 16), longestPause)
	return whole/2 + time.Duration(random*float64(whole/2))
}

// pause waits for so long and returns whether ctx has lasted.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// outlive returns a context that ends a grace after ctx does, or with stop.
func outlive(ctx context.Context, grace time.Duration) (_ context.Context, stop func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	off := context.AfterFunc(ctx, func() {
		pause(longer, grace)
		cancel()
	})
	return longer, func() {
		off()
		cancel()
	}
}
