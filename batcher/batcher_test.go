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

func (p *fakePass) Run(rows, _ int) ([]float32, error) {
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

func TestARowThatTheModelRefusesFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		works := make([]*Work, 4)
		var wg sync.WaitGroup
		for i := range works {
			works[i] = workOf(20, int64(100*i), 10*time.Second)
			wg.Go(func() { b.Score(works[i]) })
			if i == 2 {
				works[i].Rows.(*fakeRows).bad = 13
			}
			synctest.Wait()
		}
		wg.Wait()
		for _, w := range works {
			checkScores(t, w)
		}
		if !math.IsNaN(float64(works[2].Scores[13])) {
			t.Errorf("the refused row has score %v; want none", works[2].Scores[13])
		}
		if s := b.Stats(); s.BadRows != 1 {
			t.Errorf("Stats.BadRows = %d; want 1", s.BadRows)
		}
	})
}

func TestAnEstimateThatIsTooHighIsTestedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{}
		b := newBatcher(t, 100, NewRunners(1), m)
		m.slowdown = time.Second
		for range 20 {
			b.Score(workOf(10, 0, time.Minute))
		}
		m.slowdown = 0
		fits := func() bool { return b.Fits(10, time.Now(), time.Now().Add(50*time.Millisecond)) }
		if fits() {
			t.Fatal("after a slow spell a pass that took a second fits into 50 ms")
		}
		start := time.Now()
		for time.Since(start) < 2*time.Minute {
			if fits() {
				b.Score(workOf(10, 0, 50*time.Millisecond))
			}
			time.Sleep(100 * time.Millisecond)
		}
		if !fits() {
			t.Error("two minutes after a slow spell requests are still refused")
		}
	})
}

func TestAPauseDoesNotMakeAHopelessBudgetFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		time.Sleep(time.Hour)
		if b.Fits(10, time.Now(), time.Now().Add(passCost/2)) {
			t.Error("after a pause half a pass fits a pass")
		}
	})
}

func TestRefusalsTeachNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		before := b.cost.Estimate(100)
		for range 10000 {
			b.Fits(100, time.Now(), time.Now().Add(time.Microsecond))
			b.Fits(100, time.Now(), time.Now().Add(-time.Second))
		}
		if after := b.cost.Estimate(100); after != before {
			t.Errorf("10000 refusals moved the estimate from %v to %v", before, after)
		}
	})
}

func TestTheFirstRunOfAModelIsNoMeasureOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{first: time.Second}
		b := newBatcher(t, 100, NewRunners(1), m)
		if !b.Fits(10, time.Now(), time.Now().Add(costOf(30))) {
			t.Errorf("the first run took a second, and now 10 rows are expected to take %v", b.cost.Estimate(10))
		}
	})
}

func TestManyRowsThatTheModelRefusesCostNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 512, NewRunners(1), &fakeModel{})
		w := workOf(512, 0, time.Hour)
		w.Rows = everyThirtySecond{w.Rows.(*fakeRows)}
		b.Score(w)
		for i, s := range w.Scores {
			if scored := s == s; scored != (i%32 != 31) {
				t.Fatalf("row %d has score %v", i, s)
			}
		}
	})
}

// everyThirtySecond row is poison.
type everyThirtySecond struct{ *fakeRows }

func (r everyThirtySecond) Write(t *model.Tensors, from, to, at, request int) {
	r.fakeRows.Write(t, from, to, at, request)
	for i := from; i < to; i++ {
		if i%32 == 31 {
			t.Inputs[0].Int64[at+i-from] = poison
		}
	}
}

func TestAnUrgentRequestFitsBeforeABacklogThatIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { b.Score(workOf(100, 0, time.Minute)) })
			synctest.Wait()
		}
		if !b.Fits(10, time.Now(), time.Now().Add(costOf(30))) {
			t.Error("10 urgent rows do not fit before 1900 that have a minute")
		}
		wg.Wait()
	})
}

func TestAModelThatRefusesEverythingIsNotAskedForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeModel{tag: 1, broken: true}
		b := newBatcher(t, 512, NewRunners(1), m)
		var failures []error
		b.onError = func(err error) { failures = append(failures, err) }
		w := workOf(500, 0, time.Minute)
		w.Rows.(*fakeRows).tag = 1
		if err := b.Score(w); err == nil {
			t.Error("Score of a broken model returned no error")
		}
		if len(m.sizes) > 128 || len(failures) != len(m.sizes) || b.Stats().Failed != uint64(len(failures)) {
			t.Errorf("%d passes, %d errors heard of, %d counted; want at most 128, and all heard of",
				len(m.sizes), len(failures), b.Stats().Failed)
		}
		before := len(m.sizes)
		b.Score(w)
		if again := len(m.sizes) - before; again > 4 {
			t.Errorf("a model known to refuse everything was asked %d times again; want at most 4", again)
		}
	})
}

func TestARequestOfSeveralPassesFitsIfOneOfThemDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 500, NewRunners(4), &fakeModel{})
		if !b.Fits(2000, time.Now(), time.Now().Add(costOf(500)+passCost)) {
			t.Error("2000 rows that four runners share do not fit")
		}
	})
}

func TestAPanicHitsTheRequestItBelongsTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		var wg sync.WaitGroup
		for i := range 4 {
			w := workOf(10, int64(100*i), time.Second)
			if i == 2 {
				w.Rows = panicky{w.Rows}
			}
			wg.Go(func() {
				defer func() {
					if panicked := recover() != nil; panicked != (i == 2) {
						t.Errorf("request %d panicked: %v", i, panicked)
					}
				}()
				if err := b.Score(w); err != nil {
					t.Errorf("request %d: %v", i, err)
				}
				checkScores(t, w)
			})
			synctest.Wait()
		}
		wg.Wait()
		if b.runners.idle != 1 || len(b.passes) != 1 {
			t.Errorf("%d runners and %d passes came back; want 1 of each", b.runners.idle, len(b.passes))
		}
	})
}

// panicky rows can't be written.
type panicky struct{ Rows }

func (panicky) Write(*model.Tensors, int, int, int, int) { panic("a bug in a feature") }

func TestFitsCountsTheQueuesOfAllModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runners := NewRunners(1)
		b, other := newBatcher(t, 100, runners, &fakeModel{}), newBatcher(t, 100, runners, &fakeModel{})
		var wg sync.WaitGroup
		for _, budget := range []time.Duration{time.Second, costOf(20), costOf(20)} {
			wg.Go(func() { other.Score(workOf(100, 0, budget)) })
			synctest.Wait()
		}
		if b.Fits(10, time.Now(), time.Now().Add(costOf(20))) {
			t.Error("10 rows fit behind 200 waiting ones of another model")
		}
		wg.Wait()
	})
}

func TestFitsCountsWhatWaitsAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(t, 100, NewRunners(1), &fakeModel{})
		soon := func() time.Time { return time.Now().Add(costOf(30)) }
		if !b.Fits(10, time.Now(), soon()) {
			t.Error("10 rows do not fit an idle batcher")
		}
		var wg sync.WaitGroup
		for _, budget := range []time.Duration{time.Second, costOf(20), costOf(20)} {
			wg.Go(func() { b.Score(workOf(100, 0, budget)) })
			synctest.Wait()
		}
		if b.Fits(10, time.Now(), soon()) {
			t.Error("10 rows fit behind 200 waiting ones")
		}
		wg.Wait()
	})
}
