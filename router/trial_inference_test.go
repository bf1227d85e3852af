package router

import (
	"context"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

func TestNoUserOfTheInferenceProtocolSeesACanaryThatFails(t *testing.T) {
	stands := map[string]*stand{"old": {name: "old"}, "new": {name: "new"}}
	s := newInference([]Place{stands["old"]}, []Place{stands["new"]})
	ranker := s.catalogue.Load().models["ranker"]
	trial := NewTrial(ranker.Stable)
	ranker.Canary.Trial = trial
	answers := func(by string) {
		t.Helper()
		r, err := s.Infer(context.Background(), call("ranker", "", "u"))
		if err != nil || r.Outputs[0].Name != by {
			t.Errorf("answered with %v; want an answer of %s", err, by)
			return
		}
		r.Release()
	}
	answers("new")
	stands["new"].err, stands["old"].err = rank.Errorf(rank.InvalidRequest, "shape"), rank.Errorf(rank.InvalidRequest, "shape")
	for range 2 * trialFailures {
		if _, err := s.Infer(context.Background(), call("ranker", "", "u")); codeOf(err) != rank.InvalidRequest {
			t.Errorf("got %v; want what is wrong with the message", err)
		}
	}
	stands["old"].err, stands["new"].err = nil, rank.Errorf(rank.DeadlineExceeded, "late")
	for range 2 * trialFailures {
		_, _ = s.Infer(context.Background(), call("ranker", "", "u"))
	}
	if trial.Withdrawn() {
		t.Error("the canary was withdrawn for what is not its fault")
	}
	stands["new"].err, stands["new"].asked = rank.Errorf(rank.Unavailable, "refused"), 0
	for range 4 * trialFailures {
		answers("old")
	}
	if n := stands["new"].asked; n != trialFailures || !trial.Withdrawn() {
		t.Errorf("the canary was asked %d times, withdrawn %v; want %d", n, trial.Withdrawn(), trialFailures)
	}
	always := call("ranker", "", "u")
	always.Canary = rank.CanaryAlways
	if _, err := s.Infer(context.Background(), always); codeOf(err) != rank.Unavailable {
		t.Errorf("whoever asks for the canary got %v; want its error", err)
	}
}
