package claims

import "testing"

func TestASoakWithAnswersThatAreNotCompleteIsNotValid(t *testing.T) {
	for incomplete, why := range map[int]string{0: "", 10: "", 11: "not valid: 11 of 10000 answers were not complete"} {
		if got := (&Soaked{Answers: 10_000, Incomplete: incomplete}).Invalid(); got != why {
			t.Errorf("with %d of 10,000: %q; want %q", incomplete, got, why)
		}
	}
}
