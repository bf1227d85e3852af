package claims

import (
	"slices"
	"testing"

	"github.com/rankgate/rankgate/bench/result"
)

func TestWhatIsAddedIsToldBesideTheFloorsOwn(t *testing.T) {
	point := func(p50, p99 float64) result.Point { return result.Point{P50: p50, P99: p99, Valid: true} }
	p := pairs{
		ours:  []result.Point{point(300e-6, 900e-6), point(600e-6, 1500e-6), point(320e-6, 960e-6)},
		floor: []result.Point{point(250e-6, 500e-6), point(500e-6, 1250e-6), point(240e-6, 600e-6)},
	}
	var run result.Run
	(&session{result: &run}).claimAdded("small/200/cold", p)
	var notes []string
	for _, c := range run.Claims {
		notes = append(notes, c.Note)
	}
	want := []string{
		"the floor's own p50 is 250 µs", "the floor's own p99 is 600 µs", "the p99 / p50 of bare fasthttp with a bare pass is 2.50×",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("notes are %q; want %q", notes, want)
	}
	p.floor[0].Valid, p.floor[1].Valid = false, false
	run.Claims = nil
	(&session{result: &run}).claimAdded("small/200/cold", p)
	for _, c := range run.Claims {
		if c.Measured || c.Note != p.note() {
			t.Errorf("%+v; want it not measured, and why", c)
		}
	}
}
