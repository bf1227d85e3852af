package batcher

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// detailedModel gives each row's number times two, to whoever asks.
type detailedModel struct {
	fakeModel

	mu    sync.Mutex
	asked []bool // by pass
}

type detailedPass struct {
	*fakePass
	model   *detailedModel
	wanted  bool
	doubles []int64
}

func (m *detailedModel) NewPass(rows int) (Pass, error) {
	p, err := m.fakeModel.NewPass(rows)
	return &detailedPass{fakePass: p.(*fakePass), model: m, doubles: make([]int64, rows)}, err
}

func (p *detailedPass) Detail() { p.wanted = true }

func (p *detailedPass) Run(rows, requests int, deadline time.Time) ([]float32, error) {
	p.model.mu.Lock()
	p.model.asked = append(p.model.asked, p.wanted)
	p.model.mu.Unlock()
	clear(p.doubles)
	if p.wanted {
		for i, value := range p.tensors.Inputs[0].Int64[:rows] {
			p.doubles[i] = 2 * value
		}
	}
	p.wanted = false
	return p.fakePass.Run(rows, requests, deadline)
}

// doubles is a Sink of what a detailedPass gives, 0 for a row that it was not shown.
type doubles struct {
	mu   sync.Mutex
	got  []int64
	seen int
}

func (d *doubles) Take(p Pass, at, n, from int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	copy(d.got[from:from+n], p.(*detailedPass).doubles[at:])
	d.seen += n
}

func detailedWork(n int, first int64) (*Work, *doubles) {
	w, d := workOf(n, first, 10*time.Second), &doubles{got: make([]int64, n)}
	w.Sink = d
	return w, d
}

func checkDoubles(t *testing.T, d *doubles, first int64, bad int) {
	t.Helper()
	want := make([]int64, len(d.got))
	for i := range want {
		if i != bad {
			want[i] = 2 * (first + int64(i))
		}
	}
	seen := len(want)
	if bad >= 0 {
		seen--
	}
	if !slices.Equal(d.got, want) || d.seen != seen {
		t.Errorf("a sink was shown %d rows, %v; want %d, %v", d.seen, d.got, seen, want)
	}
}

func TestAPassGivesDetailsToThoseWhoAskAndScoresToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &detailedModel{}
		b := newBatcher(t, 100, NewRunners(1), &m.fakeModel)
		b.scorer, b.spare, m.asked = m, nil, nil
		leader, plain := workOf(10, 0, 10*time.Second), workOf(10, 100, 10*time.Second)
		detailed, d := detailedWork(10, 200)
		detailed.Scores = nil // wants details only
		for _, o := range scoreInTurn(b, leader, plain, detailed) {
			if o.err != nil {
				t.Error(o.err)
			}
		}
		checkScores(t, leader)
		checkScores(t, plain)
		checkDoubles(t, d, 200, -1)
		if !slices.Equal(m.asked, []bool{false, true}) || m.sizes[len(m.sizes)-1] != 20 {
			t.Errorf("passes were asked for details %v and had %v rows; want a second one of 20 rows that is", m.asked, m.sizes)
		}
	})
}

func TestASplitRequestIsShownEachOfItsRowsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &detailedModel{}
		b := newBatcher(t, 16, NewRunners(3), &m.fakeModel)
		b.scorer, b.spare = m, nil
		w, d := detailedWork(100, 7)
		if err := b.Score(w); err != nil {
			t.Fatal(err)
		}
		checkScores(t, w)
		checkDoubles(t, d, 7, -1)
	})
}

func TestARowThatTheModelRefusesIsTheOnlyOneThatASinkIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &detailedModel{}
		b := newBatcher(t, 100, NewRunners(1), &m.fakeModel)
		b.scorer, b.spare = m, nil
		leader := workOf(10, 0, 10*time.Second)
		bad, d := detailedWork(20, 100)
		bad.Rows.(*fakeRows).bad = 13
		good, g := detailedWork(20, 500)
		out := scoreInTurn(b, leader, bad, good)
		if out[1].err == nil || out[2].err != nil {
			t.Errorf("errors are %v and %v; want one of the bad request", out[1].err, out[2].err)
		}
		checkDoubles(t, d, 100, 13)
		checkDoubles(t, g, 500, -1)
	})
}
