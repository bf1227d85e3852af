package features

import (
	"fmt"
	"testing"

	"github.com/rankgate/rankgate/model"
)

func floatLayout(n int) *Layout {
	columns := make([]Column, n)
	for i := range columns {
		columns[i] = Column{Name: fmt.Sprint("f", i), Type: model.Float32}
	}
	return LayoutOf(columns)
}

func TestASlabGivesTheSameMemoryAgainWithEveryColumnNull(t *testing.T) {
	l := floatLayout(70) // two words of nulls
	missing := l.constants()
	var s Slab
	first := s.Rows(l, 3)
	for i := range first {
		for c := range l.Cells {
			l.Cells[c].SetFloat(&first[i], float64(i+c))
		}
		first[i].Time = 7
		l.Finish(&first[i], &missing)
	}
	s.Reset()
	again, fresh := s.Rows(l, 2), l.NewRows(2)
	if &again[0] != &first[0] {
		t.Error("memory was made anew")
	}
	for i := range again {
		l.Finish(&again[i], &missing)
		l.Finish(&fresh[i], &missing)
	}
	if got, want := fmt.Sprint(again), fmt.Sprint(fresh); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestRowsOfASlabShareNothingUntilItIsReset(t *testing.T) {
	l := floatLayout(1)
	var s Slab
	for range 2 { // the second time in memory used before
		s.Reset()
		var all []Row
		for range 3 { // of one layout, as a store does not
			all = append(all, s.Rows(l, 2)...)
		}
		for i := range all {
			l.Cells[0].SetFloat(&all[i], float64(i))
		}
		for i := range all {
			if all[i].Floats[0] != float32(i) {
				t.Errorf("row %d holds %v", i, all[i].Floats[0])
			}
		}
	}
}

func TestASlabKeepsNoStringOfARequest(t *testing.T) {
	l := LayoutOf([]Column{{Name: "name", Type: model.String}})
	var s Slab
	row := &s.Rows(l, 1)[0]
	l.Cells[0].SetString(row, "a request's")
	s.Reset()
	if row.Strings[0] != "" {
		t.Errorf("%q is kept", row.Strings[0])
	}
}

func TestASlabAllocatesNothingOnceItHasGrown(t *testing.T) {
	wide, narrow := floatLayout(10), floatLayout(1)
	var s Slab
	take := func() {
		s.Reset()
		s.Rows(wide, 500)
		s.Rows(narrow, 1)
	}
	take()
	if got := testing.AllocsPerRun(100, take); got != 0 {
		t.Errorf("%v allocations; want none", got)
	}
}
