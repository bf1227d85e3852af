package claims

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/bench/result"
)

func TestASectionThatFailsLeavesTheOthersTheirs(t *testing.T) {
	broken, claimed := errors.New("no such floor"), result.Claim{Name: "kept"}
	sections := []Section{
		{Name: "first", run: func(*session) error { return broken }},
		{Name: "second", run: func(s *session) error { s.result.Claims = append(s.result.Claims, claimed); return nil }},
	}
	var run result.Run
	var log strings.Builder
	err := Run(t.Context(), nil, sections, Brief, &run, &log)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "first: ") {
		t.Errorf("Run() = %v; want that of the first section", err)
	}
	if !slices.Equal(run.Claims, []result.Claim{claimed}) {
		t.Errorf("claims: %+v; want that of the second section", run.Claims)
	}
	if first, _, _ := strings.Cut(log.String(), "\n"); !strings.Contains(first, "first, ") || !strings.HasSuffix(first, ", failed") {
		t.Errorf("log: %q", log.String())
	}
}

func TestARunThatIsEndedBeginsNoFurtherSection(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	sections := []Section{
		{Name: "first", run: func(s *session) error { end(); return s.ctx.Err() }},
		{Name: "second", run: func(*session) error { t.Error("begun"); return nil }},
	}
	if err := Run(ctx, nil, sections, Brief, &result.Run{}, t.Output()); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v; want that it was ended", err)
	}
}
