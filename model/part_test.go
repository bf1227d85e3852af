package model

import (
	"fmt"
	"sync"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// storeRow stands for a row of the feature store: its first column is number.
type storeRow struct{ number float32 }

const partWidth = 3

// computed is what a row contributes.
func (r *storeRow) computed() []float32 { return []float32{r.number, 2 * r.number, -r.number} }

func newPart(kept *Parts, rows int) *Part {
	return NewPart(kept, make([]float32, rows*partWidth), Buffer{Width: 2, Float32: make([]float32, rows*2)}, rows)
}

// fill is what a request does: rows stand in the pass from at on.
func (p *Part) fill(at int, rows []*storeRow, edition uint64) {
	pointers := make([]unsafe.Pointer, len(rows))
	for i, r := range rows {
		pointers[i] = unsafe.Pointer(r)
	}
	p.Fill(at, pointers, edition)
	for i, r := range rows {
		if p.Lacks(at + i) {
			p.Columns.Float32[2*(at+i)], p.Columns.Float32[2*(at+i)+1] = r.number, -1
		}
	}
}

// run is what a pass does; it returns how many rows were computed.
func (p *Part) run(rows int) int {
	defer p.Forget()
	n := p.Gather(rows)
	var out []float32
	for i := range n {
		out = append(out, (&storeRow{p.Columns.Float32[2*i]}).computed()...)
	}
	p.Scatter(out)
	return n
}

func (p *Part) check(t rapid.TB, rows []*storeRow) {
	t.Helper()
	for i, r := range rows {
		if got, want := fmt.Sprint(p.values[i*partWidth:(i+1)*partWidth]), fmt.Sprint(r.computed()); got != want {
			t.Fatalf("row %d, number %v: %s; want %s", i, r.number, got, want)
		}
	}
}

func TestEveryRowOfAPassHasItsOwnPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := NewParts(partWidth, make([]float32, partWidth*rapid.IntRange(0, 64).Draw(t, "places")))
		passes := []*Part{newPart(kept, 40), newPart(kept, 40)}
		store := make([][]*storeRow, 4) // by edition
		for e := range store {
			for i := range 50 {
				store[e] = append(store[e], &storeRow{float32(100*e + i)})
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			p := passes[rapid.IntRange(0, 1).Draw(t, "pass")]
			var rows []*storeRow
			for range rapid.IntRange(1, 3).Draw(t, "requests") {
				edition := rapid.IntRange(0, 3).Draw(t, "edition")
				var own []*storeRow
				for range rapid.IntRange(1, 12).Draw(t, "rows") {
					own = append(own, store[edition][rapid.IntRange(0, 49).Draw(t, "row")])
				}
				p.fill(len(rows), own, uint64(edition))
				if rapid.IntRange(0, 4).Draw(t, "leaves") > 0 { // else the next one's rows stand where these stood
					rows = append(rows, own...)
				}
			}
			if rapid.IntRange(0, 5).Draw(t, "fails") == 0 {
				p.Gather(len(rows))
				p.Forget()
				continue
			}
			p.run(len(rows))
			p.check(t, rows)
		}
	})
}

func TestWhatARowContributesIsComputedOnce(t *testing.T) {
	kept := NewParts(partWidth, make([]float32, partWidth*1024))
	p, rows := newPart(kept, 20), []*storeRow{{1}, {2}, {3}}
	p.fill(0, rows, 1)
	if n := p.run(len(rows)); n != 3 {
		t.Errorf("of 3 rows that nobody knows %d were computed", n)
	}
	other := newPart(kept, 20)
	other.fill(0, rows, 1)
	if n := other.run(len(rows)); n != 0 {
		t.Errorf("of 3 rows that another pass has computed %d were computed again", n)
	}
	other.check(t, rows)
	if known, computed := kept.Stats(); known != 3 || computed != 3 {
		t.Errorf("counted are %d known and %d computed", known, computed)
	}
}

func TestRowsOfAnOldEditionAreLetGoOf(t *testing.T) {
	kept := NewParts(partWidth, make([]float32, partWidth*1024))
	p := newPart(kept, 20)
	holds := func(r *storeRow) bool { return kept.find(unsafe.Pointer(r)) >= 0 }
	old, young := []*storeRow{{1}, {2}}, []*storeRow{{3}, {4}}
	p.fill(0, old, 1)
	p.run(2)
	if !holds(old[0]) {
		t.Fatal("a row is not kept")
	}
	p.fill(0, young, 2)
	p.run(2)
	if holds(old[0]) || holds(old[1]) || !holds(young[0]) {
		t.Error("rows of the edition before are kept, or those of the new one are not")
	}
	p.fill(0, old, 1) // a request that began before
	p.run(2)
	p.check(t, old)
	if holds(old[0]) || !holds(young[0]) {
		t.Error("a late request of the edition before has its rows kept, or others' dropped")
	}
	if p.sources[0] != (source{}) {
		t.Error("a pass that has ended holds its rows")
	}
	if kept.Renew(2); !holds(young[0]) {
		t.Error("rows of the edition that is renewed to are dropped")
	}
	if kept.Renew(3); holds(young[0]) {
		t.Error("rows are kept though others have taken their place")
	}
}

func TestRowsOfOneRequestAloneAreNeverKept(t *testing.T) {
	kept := NewParts(partWidth, make([]float32, partWidth*1024))
	p, row := newPart(kept, 4), &storeRow{1}
	p.fill(0, []*storeRow{row}, 0)
	p.run(1)
	row.number = 2 // its memory is used again
	p.fill(0, []*storeRow{row}, 0)
	p.run(1)
	p.check(t, []*storeRow{row})
}

func TestPassesShareWhatTheyKnow(t *testing.T) {
	kept := NewParts(partWidth, make([]float32, partWidth*16))
	store := make([]*storeRow, 64)
	for i := range store {
		store[i] = &storeRow{float32(i)}
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			p := newPart(kept, 16)
			for round := range 500 {
				rows := make([]*storeRow, 16)
				for i := range rows {
					rows[i] = store[(i*7+round*(worker+1))%len(store)]
				}
				p.fill(0, rows, uint64(1+round/100))
				p.run(len(rows))
				for i, r := range rows {
					if p.values[i*partWidth] != r.number {
						t.Errorf("row %v has the part of %v", r.number, p.values[i*partWidth])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestASteadyLoadOfPartsAllocatesNothing(t *testing.T) {
	p := newPart(NewParts(partWidth, make([]float32, partWidth*64)), 8)
	pointers := []unsafe.Pointer{unsafe.Pointer(new(storeRow)), unsafe.Pointer(new(storeRow))}
	out := make([]float32, 2*partWidth)
	edition := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		edition++ // nothing is known
		p.Fill(0, pointers, edition)
		p.Gather(2)
		p.Scatter(out)
		p.Forget()
	}); n != 0 {
		t.Errorf("a pass allocates %v times; want 0", n)
	}
}
