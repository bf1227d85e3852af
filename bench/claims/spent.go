package claims

import (
	"time"

	pprof "github.com/google/pprof/profile"

	"github.com/rankgate/rankgate/bench/profile"
	"github.com/rankgate/rankgate/bench/stack"
)

// profileLength is how long a gateway is looked at to tell what a request is spent on.
const profileLength = 3 * time.Second

// spent says what the profile of a gateway under its workload shows: what a request's
// processor time is spent on.
func (s *session) spent(g *stack.Server) (string, error) {
	length := s.slice(profileLength)
	var taken *pprof.Profile
	run, err := g.While(s.ctx, func() (err error) {
		taken, err = profile.CPU(s.ctx, g.Gateway().Admin, length)
		return err
	})
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
