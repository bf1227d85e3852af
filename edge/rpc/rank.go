package rpc

import (
	"time"

	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// exchange is the memory of one ranking, pooled.
type exchange struct {
	req     rank.Request
	res     rank.Result
	decoder decoder
}

// rank answers rankgate.v1.Ranking/Rank.
func (s *Server) rank(c *call) (*[]byte, error) {
	x := s.exchanges.Get().(*exchange)
	asked, bad := x.decoder.decode(c.message, s.cfg.Limits, &x.req)
	if bad == nil {
		bad = s.settle(c, &x.req, asked)
	}
	var out *[]byte
	err := error(bad)
	if bad == nil {
		x.req.Gone = c.gone
		err = s.ranker.Rank(&x.req, &x.res)
	}
	if bad == nil && err == nil {
		out = memories.Get(resultSize(&x.req, &x.res))
		*out = appendResult((*out)[:0], &x.req, &x.res, time.Since(c.start))
	}
	// Not deferred: after a panic, what the Ranker started may still hold x.
	edge.Recycle(&x.req, &x.res)
	s.exchanges.Put(x)
	return out, err
}

// settle reads what the metadata says about the request, where the message says nothing.
func (s *Server) settle(c *call, req *rank.Request, asked asked) (bad *rank.Error) {
	if req.ID == "" {
		req.ID = string(c.header("X-Request-Id"))
	}
	if req.Pin == "" {
		req.Pin = string(c.header("X-Model-Version"))
	}
	canary, class, bad := edge.Standing(c.header)
	if bad != nil {
		return bad
	}
	if asked.canary == 0 {
		req.Canary = canary
	}
	if asked.class == 0 {
		req.Class = class
	}
	req.Start = c.start
	req.Deadline, bad = s.deadline(c, asked.budget, 0)
	return bad
}

// deadline returns when the answer must be ready: after the budget that the message
// asks for (0: none), or else the metadata, or else the call's own deadline, or else
// the default (0: budget.default); never after the call's deadline, less the time that
// the answer needs to come back.
func (s *Server) deadline(c *call, asked, orElse time.Duration) (time.Time, *rank.Error) {
	start, last := c.start, c.deadline
	if asked == 0 {
		var bad *rank.Error
		if asked, bad = edge.AskedBudget(c.header); bad != nil {
			return time.Time{}, bad
		}
	}
	if last.IsZero() {
		if asked == 0 {
			asked = orElse
		}
		return start.Add(s.cfg.Budget.Grant(asked)), nil
	}
	left := max(last.Sub(start), 1)
	left -= min(left/wayBackShare, wayBackMost)
	if asked == 0 || asked > left {
		asked = left
	}
	return start.Add(s.cfg.Budget.Grant(asked)), nil
}

// A call that is not answered at its deadline is cancelled, on both sides: what a
// degraded answer could still say is lost. A tenth of the time, at most 2 ms, is kept
// for the way back.
const (
	wayBackShare = 10
	wayBackMost  = 2 * time.Millisecond
)
