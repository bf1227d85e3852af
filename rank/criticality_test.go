package rank

import "testing"

func TestEveryClassIsParsedFromItsName(t *testing.T) {
	names := []string{"critical", "critical_plus", "sheddable_plus", "sheddable"}
	for c := range NumCriticalities {
		if got, ok := ParseCriticality([]byte(c.String())); got != c || !ok || c.String() != names[c] {
			t.Errorf("%d is called %q, which is class %d (%v)", c, c, got, ok)
		}
	}
	for _, name := range []string{"", "Critical", "critical ", "critical-plus", "CRITICAL_PLUS", "1"} {
		if got, ok := ParseCriticality([]byte(name)); ok || got != Critical {
			t.Errorf("%q is class %v (%v)", name, got, ok)
		}
	}
}

func TestTheLowerTheClassTheSmallerItsShare(t *testing.T) {
	order := []Criticality{CriticalPlus, Critical, SheddablePlus, Sheddable}
	for i, c := range order {
		share := c.Share()
		if share <= 0 || share > 1 || i == 0 && share != 1 || i > 0 && share >= order[i-1].Share() {
			t.Errorf("the share of %v is %v", c, share)
		}
	}
}

func TestParsingAClassAllocatesNothing(t *testing.T) {
	name := []byte("sheddable_plus")
	if n := testing.AllocsPerRun(100, func() { ParseCriticality(name) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
