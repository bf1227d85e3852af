package pool

import (
	"slices"
	"testing"
)

func TestTheDefaultNeedsOnlyEndpoints(t *testing.T) {
	cfg := DefaultConfig()
	if errs := cfg.Validate(); len(errs) != 1 || errs[0].Path != "endpoints" {
		t.Errorf("got %v", errs)
	}
	cfg.Endpoints = []string{"10.0.0.7:8001", "triton.models:8001", "[::1]:8001"}
	if errs := cfg.Validate(); len(errs) != 0 {
		t.Errorf("got %v", errs)
	}
}

func TestEveryMistakeIsReportedAtItsField(t *testing.T) {
	cfg := Config{
		Endpoints: []string{"10.0.0.7:8001", "10.0.0.7", ":8001", "a:0", "a:99999", "10.0.0.7:8001"},
		Hedge:     Hedge{Quantile: 0.3, Budget: 0.2}, Retry: Retry{Budget: -1}, Resolve: -1,
	}
	want := []string{
		"endpoints[1]", "endpoints[2]", "endpoints[3]", "endpoints[4]", "endpoints[5]", "max_in_flight", "hedge.quantile",
		"retry.budget", "hedge.budget", "probe.every", "probe.timeout", "resolve",
	}
	var got []string
	for _, err := range cfg.Validate() {
		got = append(got, err.Path)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
