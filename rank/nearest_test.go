package rank

import "testing"

func TestOneSlipOfThePenIsForgiven(t *testing.T) {
	known := []string{"candidates", "body", "in_flight", "ttl"}
	for word, want := range map[string]string{
		"candidate": "candidates", "cnadidates": "candidates", "Candidates": "candidates", "canddiatse": "candidates",
		"bdoy": "body", "in-flight": "in_flight", "inflight": "in_flight", "tt": "ttl", "tlt": "ttl",
		"size": "", "x": "", "": "", "bodies": "", "deadlines": "",
	} {
		if got, _ := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q; want %q", word, got, want)
		}
	}
}
