package batcher

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// remoteModel is a fakeModel on another machine. What answer says of a pass, once it
// is told the rows and how long the pass may take, is when the pass ends and how;
// one that would end after its deadline is given up at it.
type remoteModel struct {
	fakeModel
	answer func(rows int, left time.Duration) (time.Duration, error)
	noPass error // of NewPass

	mu     sync.Mutex
	made   int
	closed int
	passes []pass
}

// pass is one that was run.
type pass struct {
	rows, requests int
	deadline       time.Time
}

type remotePass struct {
	*fakePass
	model *remoteModel
}

func (m *remoteModel) NewPass(rows int) (Pass, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.noPass != nil {
		return nil, m.noPass
	}
	m.made++
	p, _ := m.fakeModel.NewPass(rows)
	return &remotePass{p.(*fakePass), m}, nil
}

func (p *remotePass) Close() error {
	p.model.closed++
	return nil
}

func (p *remotePass) Run(rows, requests int, deadline time.Time) ([]float32, error) {
	m := p.model
	m.mu.Lock()
	m.passes = append(m.passes, pass{rows, requests, deadline})
	answer := m.answer
	m.mu.Unlock()
	takes, err := costOf(rows), error(nil)
	if answer != nil {
		takes, err = answer(rows, time.Until(deadline))
	}
	if left := time.Until(deadline); takes > left {
		takes, err = left, rank.Errorf(rank.DeadlineExceeded, "pool gpu did not answer within the budget")
	}
	time.Sleep(takes)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		p.scores[i] = float32(p.tensors.Inputs[0].Int64[i])
	}
	return p.scores[:rows], nil
}

func newRemote(t *testing.T, maxRows int, runners *Runners, m *remoteModel) *Batcher {
	t.Helper()
	b, err := New(Config{MaxRows: maxRows, Remote: true}, runners, m, ignore)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// outcome is how a request ended, and when after it was made.
type outcome struct {
	work *Work
	err  error
	took time.Duration
}

// scoreInTurn makes requests one after the other, each while those before it run or
// wait, and returns how they ended.
func scoreInTurn(b *Batcher, works ...*Work) []outcome {
	out := make([]outcome, len(works))
	var wg sync.WaitGroup
	for i, w := range works {
		start := time.Now()
		wg.Go(func() {
			err := b.Score(w)
			out[i] = outcome{w, err, time.Since(start)}
		})
		synctest.Wait()
	}
	wg.Wait()
	return out
}

func TestPassesAreMadeWhenTheyAreNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{}
		b := newRemote(t, 10, NewRunners(8), m)
		if m.made != 0 {
			t.Fatalf("%d passes were made before the first request", m.made)
		}
		for range 5 {
			_ = b.Score(workOf(10, 0, time.Second))
		}
		if m.made != 1 {
			t.Errorf("%d passes were made for requests that came one after the other", m.made)
		}
		_ = b.Score(workOf(30, 0, time.Second)) // three side by side
		if m.made != 3 {
			t.Errorf("%d passes were made for a request of three", m.made)
		}
		if err := b.Close(); err != nil || m.closed != 3 {
			t.Errorf("%d of them were closed: %v", m.closed, err)
		}
	})
}

func TestThereAreNeverMorePassesThanRunners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runners, m, other := NewRunners(3), &remoteModel{}, &remoteModel{}
		batchers := []*Batcher{newRemote(t, 10, runners, m), newRemote(t, 10, runners, other)}
		var wg sync.WaitGroup
		for i := range 400 {
			wg.Go(func() { _ = batchers[i%2].Score(workOf(1+i%25, 0, time.Duration(1+i%9)*5*time.Millisecond)) })
			time.Sleep(200 * time.Microsecond)
		}
		wg.Wait()
		if m.made != 3 || other.made != 3 || runners.idle != 3 {
			t.Errorf("%d and %d passes were made for 3 runners, of which %d came back", m.made, other.made, runners.idle)
		}
	})
}

func TestAPassThatCannotBeMadeTakesNoRunnerWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("out of device memory")
		runners, m := NewRunners(1), &remoteModel{noPass: full}
		b := newRemote(t, 10, runners, m)
		var heard error
		b.onError = func(err error) { heard = err }
		err := b.Score(workOf(10, 0, time.Second))
		if !errors.Is(err, full) || !errors.Is(heard, full) || !Elsewhere(err) || runners.idle != 1 {
			t.Errorf("Score = %v (elsewhere: %v), heard of %v, %d runners idle", err, Elsewhere(err), heard, runners.idle)
		}
		m.noPass = nil
		if err := b.Score(workOf(10, 0, time.Second)); err != nil {
			t.Errorf("once there is memory: %v", err)
		}
	})
}

func TestAPartyWhosePassCannotBeMadeHearsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("out of device memory")
		runners, m, other := NewRunners(1), &remoteModel{noPass: full}, &remoteModel{}
		b, busy := newRemote(t, 10, runners, m), newRemote(t, 10, runners, other)
		var wg sync.WaitGroup
		wg.Go(func() { _ = busy.Score(workOf(10, 0, time.Second)) })
		synctest.Wait()
		for _, o := range scoreInTurn(b, workOf(3, 0, time.Second), workOf(3, 0, time.Second)) {
			if !errors.Is(o.err, full) {
				t.Errorf("Score = %v", o.err)
			}
		}
		wg.Wait()
		if runners.idle != 1 {
			t.Error("the runner did not come back")
		}
	})
}

func TestAnErrorOfThePlaceIsEachMembersOwn(t *testing.T) {
	for _, code := range []rank.Code{rank.Unavailable, rank.Overloaded, rank.DeadlineExceeded} {
		synctest.Test(t, func(t *testing.T) {
			why := rank.Errorf(code, "none of the 3 servers of pool gpu is well")
			m := &remoteModel{answer: func(rows int, _ time.Duration) (time.Duration, error) { return costOf(rows), why }}
			b := newRemote(t, 100, NewRunners(1), m)
			for i, o := range scoreInTurn(b, workOf(10, 0, time.Second), workOf(10, 0, time.Second), workOf(10, 0, time.Second)) {
				if !errors.Is(o.err, why) {
					t.Errorf("%v: request %d heard %v", code, i, o.err)
				}
			}
			if len(m.passes) != 2 || m.passes[1].requests != 2 {
				t.Errorf("%v: passes %+v; want one, and one for the two that waited", code, m.passes)
			}
			if s := b.Stats(); s.BadRows != 0 || b.broken.Load() {
				t.Errorf("%v: %d bad rows, model broken: %v", code, s.BadRows, b.broken.Load())
			}
		})
	}
}

func TestAnErrorOfARowIsHalvedThoughItHasACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := rank.Errorf(rank.InvalidRequest, "indices[3] = 99 is out of range")
		m := &remoteModel{}
		b := newRemote(t, 100, NewRunners(1), m)
		w := workOf(16, 0, time.Second)
		m.answer = func(rows int, _ time.Duration) (time.Duration, error) {
			if len(m.passes) <= 4 { // of 16, 8, 8 and 4 rows
				return costOf(rows), bad
			}
			return costOf(rows), nil
		}
		if err := b.Score(w); err != nil {
			t.Errorf("Score = %v", err)
		}
		checkScores(t, w)
	})
}

func TestHalvingEndsWhenThePlaceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remoteModel{}
		b := newRemote(t, 100, NewRunners(1), m)
		m.answer = func(rows int, _ time.Duration) (time.Duration, error) {
			if len(m.passes) == 1 {
				return costOf(rows), rank.Errorf(rank.InvalidRequest, "indices[3] = 99 is out of range")
			}
			return costOf(rows), rank.Errorf(rank.Unavailable, "connection reset")
		}
		_ = b.Score(workOf(16, 0, time.Second))
		if len(m.passes) != 2 || b.broken.Load() {
			t.Errorf("%d passes, model broken: %v; want 2 and false", len(m.passes), b.broken.Load())
		}
	})
}
