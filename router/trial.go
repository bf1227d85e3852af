package router

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/rank"
)

// Trial watches a canary for those of its users that have not asked for it. A request
// that it fails is answered by the stable version instead, as far as the budget allows;
// a canary that goes on failing is withdrawn, and tried again every now and then.
type Trial struct {
	Instead *Version // the stable one

	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
}

const (
	trialWindow   = 10 * time.Second
	trialFailures = 5  // in a row
	trialLeast    = 20 // requests in that time, before half of them failing counts
	withdrawnFor  = 10 * time.Second
)

// errUntold ends a request that says nothing of the canary, errFailing one that it
// failed.
var (
	errUntold  = errors.New("no score was asked for")
	errFailing = errors.New("no score was given")
)

// NewTrial returns a Trial of a canary beside the stable version.
func NewTrial(instead *Version) *Trial {
	return &Trial{instead, gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Interval: trialWindow, BucketPeriod: time.Second, Timeout: withdrawnFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			judged := c.TotalSuccesses + c.TotalFailures
			return c.ConsecutiveFailures >= trialFailures || judged >= trialLeast && 2*c.TotalFailures >= judged
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errUntold) },
	})}
}

// With returns a Trial that goes on with t, beside another stable version.
func (t *Trial) With(instead *Version) *Trial { return &Trial{instead, t.breaker} }

// Withdrawn reports whether users get the stable version instead.
func (t *Trial) Withdrawn() bool { return t.breaker.State() != gobreaker.StateClosed }

// try ranks with a canary, or with the stable version in its place.
func (r *Router) try(req *rank.Request, res *rank.Result, v *Version) error {
	done, err := v.Trial.breaker.Allow()
	if err != nil {
		return r.travel(req, res, v.Trial.Instead, stable, nil)
	}
	told := errFailing // of a panic, too
	defer func() { done(told) }()
	err = r.travel(req, res, v, canary, &told)
	if err == nil && !errors.Is(told, errFailing) {
		return nil
	}
	if err = r.travel(req, res, v.Trial.Instead, stable, nil); err != nil {
		told = errUntold // the request is at fault, not the canary
	}
	return err
}

// tryInfer has a message answered by a canary, or by the stable version in its place.
func (v *Version) tryInfer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	done, err := v.Trial.breaker.Allow()
	if err != nil {
		return v.Trial.Instead.infer(ctx, m)
	}
	told := errFailing // of a panic, too
	defer func() { done(told) }()
	reply, err := v.infer(ctx, m)
	switch {
	case err == nil:
		told = nil
		return reply, nil
	case codeOf(err) == rank.DeadlineExceeded || ctx.Err() != nil || left(m.Gone):
		told = errUntold
		return nil, err
	}
	if reply, err = v.Trial.Instead.infer(ctx, m); err != nil {
		told = errUntold // the message is at fault, not the canary
	}
	return reply, err
}

// verdict says what the scores of all rows tell of the version that gave them.
func (j *journey) verdict(err error, scored int) error {
	switch {
	case scored > 0:
		return nil
	case len(j.fresh) == 0 || errors.Is(err, batcher.ErrLate) || !j.now.Before(j.deadline) || left(j.req.Gone):
		return errUntold
	default:
		return errFailing
	}
}
