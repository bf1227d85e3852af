package main

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/bench/load"
)

func TestAVerdictPutsWhatIsWrongFirst(t *testing.T) {
	late := load.Samples{{Lag: time.Second}}
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
