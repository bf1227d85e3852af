package batcher

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rankgate/rankgate/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	passCost = time.Millisecond
	rowCost  = 10 * time.Microsecond
)

func costOf(rows int) time.Duration { return passCost + time.Duration(rows)*rowCost }

// fakeModel scores a row with the number that its request wrote into it. A
// pass takes costOf its rows; a row of poison makes it fail.
type fakeModel struct {
	tag      int64
	slowdown time.Duration // added to each pass
	first    time.Duration // added to the first pass
	broken   bool          // every pass after the warm-up fails

	mu      sync.Mutex
	running int
	peak    int
	sizes   []int // rows of each pass after the warm-up
	mixed   bool  // a pass held rows of another model
}

const poison = -1

type fakePass struct {
	model   *fakeModel
	tensors model.Tensors
	scores  []float32
}

func (m *fakeModel) NewPass(rows int) (Pass, error) {
	return &fakePass{model: m, scores: make([]float32, rows), tensors: model.Tensors{
		Inputs: []model.Buffer{{Width: 1, Int64: make([]int64, rows)}, {Width: 1, Int64: make([]int64, rows)}},
	}}, nil
}

func (p *fakePass) Tensors() *model.Tensors { return &p.tensors }

func (p *fakePass) Close() error { return nil }

func (p *fakePass) Run(rows, _ int, _ time.Time) ([]float32, error) {
	m := p.model
	m.mu.Lock()
	m.running++
	m.peak = max(m.peak, m.running)
	m.sizes = append(m.sizes, rows)
	for _, tag := range p.tensors.Inputs[1].Int64[:rows] {
		m.mixed = m.mixed || tag != m.tag && tag != 0
	}
	slow := m.slowdown + m.first
	m.first = 0
	m.mu.Unlock()
	time.Sleep(costOf(rows) + slow)
	m.mu.Lock()
	m.running--
	m.mu.Unlock()
	if m.broken && p.tensors.Inputs[1].Int64[0] != 0 {
		return nil, errors.New("out of memory")
	}
	for i := range rows {
		value := p.tensors.Inputs[0].Int64[i]
		if value == poison {
			return nil, errors.New("index out of range")
		}
		p.scores[i] = float32(value)
	}
	return p.scores[:rows], nil
}

// fakeRows are the rows first, first+1, … of a model's request.
type fakeRows struct {
	n     int
	first int64
	tag   int64
	bad   int // this row is poison; none if negative
}

func (r *fakeRows) Len() int { return r.n }

func (r *fakeRows) Write(t *model.Tensors, from, to, at, _ int) {
	for i := from; i < to; i++ {
		value := r.first + int64(i)
		if i == r.bad {
			value = poison
		}
		t.Inputs[0].Int64[at+i-from] = value
		t.Inputs[1].Int64[at+i-from] = r.tag
	}
}

func workOf(n int, first int64, budget time.Duration) *Work {
	w := &Work{Rows: &fakeRows{n: n, first: first, bad: -1}, Deadline: time.Now().Add(budget), Scores: make([]float32, n)}
	for i := range w.Scores {
		w.Scores[i] = float32(math.NaN())
	}
	return w
}

func ignore(error) {}

// newBatcher returns a warm batcher that knows what its passes cost.
func newBatcher(t *testing.T, maxRows int, runners *Runners, m *fakeModel) *Batcher {
	t.Helper()
	b, err := New(Config{MaxRows: maxRows}, runners, m, ignore)
	if err == nil {
		err = b.Warm(64)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.sizes, m.peak = nil, 0
	return b
}

func checkScores(t *testing.T, w *Work) {
	t.Helper()
	rows := w.Rows.(*fakeRows)
	for i, s := range w.Scores {
		if want := float32(rows.first + int64(i)); s != want && i != rows.bad {
			t.Fatalf("row %d has score %v; want %v", i, s, want)
		}
	}
}

func TestALoneRequestRunsItsPassAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(2), m)
		start := time.Now()
		w := workOf(10, 0, time.Second)
		if err := b.Score(w); err != nil {
			t.Fatal(err)
		}
		checkScores(t, w)
		if took := time.Since(start); took != costOf(10) || w.Queue != 0 || w.Infer != took {
			t.Errorf("took %v (queue %v, infer %v); want %v, all of it inference", took, w.Queue, w.Infer, costOf(10))
		}
	})
}

func TestRequestsThatWaitShareOnePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(1), m)
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				w := workOf(10, int64(i*100), time.Second)
				if err := b.Score(w); err != nil {
					t.Error(err)
				}
				checkScores(t, w)
			})
			synctest.Wait()
		}
		wg.Wait()
		if want := []int{10, 50}; !slices.Equal(m.sizes, want) {
			t.Errorf("passes of %v rows; want %v", m.sizes, want)
		}
	})
}

func TestAPassIsNoLargerThanItsTightestDeadlineAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 1000, NewRunners(1), m)
		var wg sync.WaitGroup
		score := func(n int, budget time.Duration) {
			wg.Go(func() {
				w := workOf(n, 0, budget)
				if err := b.Score(w); err != nil {
					t.Error(err)
				}
				checkScores(t, w)
			})
			synctest.Wait()
		}
		score(10, time.Second)                   // takes the runner
		score(10, costOf(10)+costOf(20))         // has time for a pass of 20 rows, not of 500
		score(500, time.Second)                  // must wait
		score(10, costOf(10)+costOf(20)+rowCost) // may join
		wg.Wait()
		if want := []int{10, 20, 500}; !slices.Equal(m.sizes, want) {
			t.Errorf("passes of %v rows; want %v", m.sizes, want)
		}
	})
}

func TestRowsThatAreLateNeverRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(1), m)
		var wg sync.WaitGroup
		wg.Go(func() { b.Score(workOf(100, 0, time.Second)) })
		synctest.Wait()
		start, budget := time.Now(), costOf(100)/2
		if err := b.Score(workOf(10, 0, budget)); !errors.Is(err, ErrLate) {
			t.Errorf("Score behind a long pass = %v; want %v", err, ErrLate)
		}
		if waited := time.Since(start); waited != budget {
			t.Errorf("waited %v; want exactly the budget, %v", waited, budget)
		}
		wg.Wait()
		if err := b.Score(workOf(10, 0, passCost)); !errors.Is(err, ErrLate) {
			t.Errorf("Score with less budget than a pass costs = %v; want %v", err, ErrLate)
		}
		if want := []int{100}; !slices.Equal(m.sizes, want) {
			t.Errorf("passes of %v rows; want %v", m.sizes, want)
		}
	})
}

func TestRowsWhoseCallerHasLeftNeverRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(1), m)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				w := workOf(10, 0, time.Second)
				w.Gone = func() bool { return i == 1 || i == 2 }
				err := b.Score(w)
				if gone := i == 1 || i == 2; gone != errors.Is(err, ErrGone) {
					t.Errorf("request %d: %v", i, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if want := []int{10, 10}; !slices.Equal(m.sizes, want) {
			t.Errorf("passes of %v rows; want %v", m.sizes, want)
		}
		if s := b.Stats(); s.Gone != 2 {
			t.Errorf("Stats.Gone = %d; want 2", s.Gone)
		}
	})
}

func TestALargeRequestIsSplitOverIdleRunners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(3), m)
		w := workOf(250, 7, time.Second)
		start := time.Now()
		if err := b.Score(w); err != nil {
			t.Fatal(err)
		}
		checkScores(t, w)
		if took := time.Since(start); took != costOf(84) || m.peak != 3 {
			t.Errorf("took %v on %d runners; want %v on 3", took, m.peak, costOf(84))
		}
	})
}
