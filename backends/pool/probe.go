package pool

import (
	"context"
	"time"
)

// unreadyAfter is how many probes in a row must fail before a server is left out:
// one may be lost to a full machine.
const unreadyAfter = 2

// keepProbing asks a server whether it is ready until ctx ends. Its first yes is
// what makes a new server known.
func (p *Pool[C]) keepProbing(ctx context.Context, s *server[C]) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	failed, said := 0, ""
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		err := p.probe(ctx, s)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failed, said = 0, ""
			s.objection.Store(nil)
			p.setReady(s, true)
		default:
			s.objection.Store(&err)
			if failed++; failed >= unreadyAfter {
				p.setReady(s, false)
			}
			if err.Error() != said {
				said = err.Error()
				p.log.Warn("a server is not ready", "server", s.address, "error", err)
			}
		}
		// Up to a tenth apart, so that many gateways do not ask at once.
		timer.Reset(time.Duration(float64(p.cfg.Probe.Every) * (0.95 + p.random()/10)))
	}
}

func (p *Pool[C]) probe(ctx context.Context, s *server[C]) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Probe.Timeout)
	defer cancel()
	return p.dialer.Probe(ctx, s.client)
}

func (p *Pool[C]) setReady(s *server[C], ready bool) {
	if s.ready.Load() == ready {
		return
	}
	s.ready.Store(ready)
	if ready {
		s.verified.Store(true)
		p.log.Info("a server is ready", "server", s.address)
	}
	p.remake()
}
