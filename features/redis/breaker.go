package redis

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// breaker keeps requests from asking a server that does not answer. It opens
// after a row of failures or when half of the latest fetches fail. Each openFor the
// server is tried again, for no request: one of them would wait in vain, and of two
// hundred a second those are the slowest hundredth.
type breaker struct {
	of     *gobreaker.CircuitBreaker[struct{}]
	trying atomic.Bool // whoever swaps it to true tries
}

const (
	openFor       = 500 * time.Millisecond
	breakerWindow = 10 * time.Second
	failuresInRow = 5
	leastFetches  = 20 // in that time, before the share of failures counts
)

func newBreaker(stats *stats) *breaker {
	return &breaker{of: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Interval: breakerWindow, BucketPeriod: time.Second, Timeout: openFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.ConsecutiveFailures >= failuresInRow || c.Requests >= leastFetches && 2*c.TotalFailures >= c.Requests
		},
		IsSuccessful: func(err error) bool { return !unwell(err) },
		// The breaker's lock is held here, so it only counts.
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				stats.opened.Add(1)
			}
		},
	})}
}

// open reports whether the server is not to be asked now.
func (b *breaker) open() bool { return b.of.State() != gobreaker.StateClosed }

// due reports whether the server is to be tried now, by the caller.
func (b *breaker) due() bool {
	return b.of.State() == gobreaker.StateHalfOpen && b.trying.CompareAndSwap(false, true)
}

// do runs ask unless the breaker is open, or half open with a trial under way.
func (b *breaker) do(ask func() error) error {
	_, err := b.of.Execute(func() (struct{}, error) { return struct{}{}, ask() })
	return err
}

// refused reports whether an error is the breaker's own: nobody was asked.
func refused(err error) bool {
	return errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}
