package main

import (
	"testing"
	"time"
)

func TestAVerdictPutsWhatIsWrongFirst(t *testing.T) {
	late := samples{{lag: time.Second}}
	good, missed, wrong := check{met: true}, check{}, check{hard: true}
	for name, c := range map[string]struct {
		row    row
		want   verdict
		passes bool // a strict run
	}{
		"all is well":                      {row{checks: []check{good}}, reached, true},
		"a limit is missed":                {row{checks: []check{good, missed}}, notReached, false},
		"a late generator, a limit missed": {row{run: late, lag: time.Millisecond, checks: []check{missed}}, invalid, true},
		"a late generator, a wrong answer": {row{run: late, lag: time.Millisecond, checks: []check{wrong}}, notReached, false},
		"lateness that does not matter":    {row{run: late, checks: []check{good}}, reached, true},
	} {
		if got := c.row.verdict(); got != c.want || c.row.passes(true) != c.passes {
			t.Errorf("%s: %s, passes %v; want %s, %v", name, got, c.row.passes(true), c.want, c.passes)
		}
	}
}

func TestTheFullRunFailsForWhatIsWrongOnly(t *testing.T) {
	if r := (row{checks: []check{{}}}); !r.passes(false) {
		t.Error("a limit that is missed fails the full run")
	}
	if r := (row{checks: []check{none("corrupt", 1)}}); r.passes(false) {
		t.Error("a corrupt answer passes")
	}
}

func TestPercentilesAndWindowsOfSamples(t *testing.T) {
	var s samples
	for i := range 1000 {
		s = append(s, sample{due: time.Duration(i), took: time.Duration(1000 - i)})
	}
	if p50, p99 := s.took(0.5), s.took(0.99); p50 != 501 || p99 != 991 {
		t.Errorf("p50 %d, p99 %d; want 501 and 991", p50, p99)
	}
	if part := s.between(10, 20); len(part) != 10 || part[0].due != 10 {
		t.Errorf("%d samples from %d on; want 10 from 10 on", len(part), part[0].due)
	}
	r := run{samples: s, length: 10 * time.Second}
	if got := r.recovered(0, time.Nanosecond, func(samples) bool { return true }); got != 0 {
		t.Errorf("recovered after %v; want at once", got)
	}
}
