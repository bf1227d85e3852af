package claims

import (
	"context"
	"time"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/profile"
	"github.com/rankgate/rankgate/bench/stack"
)

// profileLength is how long a gateway is looked at to tell what a request is spent on.
const profileLength = 3 * time.Second

// spent says what the profile of a gateway under its workload shows: what a request's
// processor time is spent on.
func (s *session) spent(g *stack.Server) (string, error) {
	busy, stop := context.WithCancel(s.ctx)
	defer stop()
	told := make(chan *load.Run, 1)
	go func() {
		run, _ := g.Generator().Closed(busy, g.Stream, g.Callers, 0) // it ends when it is told to
		told <- run
	}()
	length := s.slice(profileLength)
	taken, err := profile.CPU(s.ctx, g.Gateway().Admin, length)
	stop()
	run := <-told
	g.Stream.Advance(len(run.Samples))
	if err != nil {
		return "", err
	}
	requests := float64(len(run.Samples)) * max(length, time.Second).Seconds() / run.Length.Seconds()
	costs, _, err := profile.Kinds[0].Costs(taken, max(1, int(requests)))
	if err != nil {
		return "", err
	}
	return profile.Sentence(profile.Rooms(costs), profile.Kinds[0].Unit), nil
}
