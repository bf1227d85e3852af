package result

import (
	"math"
	"testing"
)

func TestOnlyWhatIsWorseBeyondToleranceAndChanceIsARegression(t *testing.T) {
	figure := func(unit string, atLeast bool, low, value, high float64) Claim {
		return Claim{Name: "c", Unit: unit, AtLeast: atLeast, Bound: 2, Low: low, Value: value, High: high, Measured: true}
	}
	unmeasured := figure("×", false, 9, 9, 9)
	unmeasured.Measured = false
	elsewhere := figure("×", false, 9, 9, 9)
	elsewhere.Workload = "another"
	for _, test := range []struct {
		name      string
		kept, now Claim
		loss      float64
	}{
		{"a ratio grew", figure("×", false, 1.1, 1.2, 1.3), figure("×", false, 1.4, 1.5, 1.6), 0.25},
		{"it grew within tolerance", figure("×", false, 1.2, 1.2, 1.2), figure("×", false, 1.3, 1.31, 1.32), 0},
		{"it grew within the spread", figure("×", false, 1.1, 1.2, 1.5), figure("×", false, 1.4, 1.5, 1.6), 0},
		{"it shrank, which is good", figure("×", false, 2, 2, 2), figure("×", false, 1, 1, 1), 0},
		{"it shrank, which is bad", figure("×", true, 9, 10, 11), figure("×", true, 4, 5, 6), 0.5},
		{"it grew, which is good", figure("×", true, 9, 10, 11), figure("×", true, 19, 20, 21), 0},
		{"a share fell", figure("%", true, 90, 90, 90), figure("%", true, 45, 45, 45), 0.5},
		{"a time grew", figure("µs", false, 100, 100, 100), figure("µs", false, 150, 150, 150), 0.5},
		{"a difference of nought grew", figure("µs", false, 0, 0, 0), figure("µs", false, 1, 1, 1), 0.5},
		{"one unit became another", figure("µs", false, 1, 1, 1), figure("×", false, 9, 9, 9), 0},
		{"it is not measured now", figure("×", false, 1, 1, 1), unmeasured, 0},
		{"it was not measured then", unmeasured, figure("×", false, 10, 10, 10), 0},
		{"it is of another workload", figure("×", false, 1, 1, 1), elsewhere, 0},
	} {
		kept := &Run{Claims: []Claim{test.kept}}
		now := &Run{Claims: []Claim{test.now}}
		var loss float64
		for _, r := range Compare(kept, now) {
			loss += r.Loss
			if r.Kept != test.kept || r.Now != test.now {
				t.Errorf("%s: %+v", test.name, r)
			}
		}
		if math.Abs(loss-test.loss) > 1e-9 {
			t.Errorf("%s: loss = %v; want %v", test.name, loss, test.loss)
		}
	}
}
