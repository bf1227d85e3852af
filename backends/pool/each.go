package pool

import (
	"context"
	"math"
)

// Each has f ask one server after the other, those that are sent calls, until it
// returns an error, which Each returns too. Without such a server the error is the one
// that a call would get. It is for questions that all must answer alike: they count as
// no calls, and nothing is learned from them.
func (p *Pool[C]) Each(ctx context.Context, f func(ctx context.Context, address string, client C) error) error {
	v := p.view.Load()
	asked := false
	for _, s := range v.eligible {
		if !s.enter(math.MaxInt) { // it has just left
			continue
		}
		asked = true
		if err := p.ask(ctx, s, f); err != nil {
			return err
		}
	}
	if !asked {
		return p.refusal(v)
	}
	return nil
}

// ask gives one server the time that a probe has.
func (p *Pool[C]) ask(ctx context.Context, s *server[C], f func(ctx context.Context, address string, client C) error) error {
	defer s.exit()
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Probe.Timeout)
	defer cancel()
	return f(ctx, s.address, s.client)
}
