package batcher

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/budget"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// ErrLate means that the rows were not scored because their deadline could not
// be met, or has passed.
var ErrLate = errors.New("the budget does not hold a forward pass")

// ErrGone means that the rows were not scored because their caller has left.
var ErrGone = errors.New("the caller has left")

// errShared means that a pass failed which others shared: who is to blame is not
// known, so each tries again alone, within its own deadline.
var errShared = errors.New("a shared forward pass failed")

// errNoPass means that there was no memory for a pass, say: nothing was run.
var errNoPass = errors.New("no pass could be made")

// Scorer makes the passes of one loaded model.
type Scorer interface {
	// NewPass allocates a pass of up to rows rows.
	NewPass(rows int) (Pass, error)
}

// ScorerFunc makes a Scorer of a function.
type ScorerFunc func(rows int) (Pass, error)

// NewPass calls f.
func (f ScorerFunc) NewPass(rows int) (Pass, error) { return f(rows) }

// Pass is the memory and the right to run one forward pass at a time.
type Pass interface {
	Tensors() *model.Tensors

	// Run scores the first rows rows of Tensors, which belong to its first
	// requests requests. The scores are worthless after deadline, and a pass that
	// can be given up then is. They are valid until the next Run.
	//
	// An error that is a *rank.Error with the code Overloaded, Unavailable or
	// DeadlineExceeded is about where the pass runs; any other is about its rows.
	Run(rows, requests int, deadline time.Time) ([]float32, error)

	Close() error
}

// Rows are the candidates of one request, ready to be written into a pass.
type Rows interface {
	Len() int

	// Write puts rows [from, to) into t, the first of them at row at, and
	// what the request gives once into its slot request. The parts of a large
	// request are written side by side.
	Write(t *model.Tensors, from, to, at, request int)
}

// Work is one request's wish to be scored.
type Work struct {
	Rows     Rows
	Deadline time.Time // the scores are worthless after it
	Class    rank.Criticality
	Gone     func() bool // whether the caller has left, asked of work that has waited; may be nil

	// Scores receives one score per row. It must hold Rows.Len() of them. Rows
	// that could not be scored keep what the caller put there. With a Sink it may
	// be nil.
	Scores []float32

	// Sink is shown what else the passes gave; nil for work that wants scores only.
	Sink Sink

	Queue time.Duration // set by Score: the longest wait for a runner
	Infer time.Duration // set by Score: the longest assembly and pass
}

// Batcher packs the rows of one model version into passes.
type Batcher struct {
	cfg     Config
	runners *Runners
	scorer  Scorer
	onError func(error)
	stats   counters
	tickets sync.Pool // of tickets whose leader is known to be finished with them

	// spare holds the passes that nobody uses, the one used last on top; whoever
	// has a runner and finds none makes one, so that there are never more than
	// runners. Guarded by spareMu.
	spareMu sync.Mutex
	spare   []*slot

	// queue holds waiting tickets, earliest deadline first. Guarded by
	// runners.mu.
	queue []*ticket

	// broken is set while the model accepts nothing. Written by leaders, read
	// by the next one whose pass fails.
	broken atomic.Bool

	costMu sync.Mutex // serializes cost.Observe
	cost   budget.Cost

	// refused is when a pass was first turned away by its estimate alone since
	// cost last learned something, in nanoseconds since began; 0 if none was.
	// Set by whoever is turned away, cleared by leaders.
	refused atomic.Int64
	began   time.Time
}

// New returns a batcher for one model, whose passes scorer makes when they are
// needed. onError hears of every pass that fails; it is called while requests
// wait.
func New(cfg Config, runners *Runners, scorer Scorer, onError func(error)) (*Batcher, error) {
	if cfg.MaxRows < 1 {
		return nil, fmt.Errorf("batch.max_rows: %d: must be positive", cfg.MaxRows)
	}
	b := &Batcher{cfg: cfg, runners: runners, scorer: scorer, onError: onError, began: time.Now()}
	b.tickets.New = newTicket
	return b, nil
}

// Warm makes passes, as many as there are runners but at most the given number, and runs
// them at both ends of their range, so that the first request finds a warm model and a
// first idea of the cost. It must return before the first Score.
func (b *Batcher) Warm(most int) error {
	for range min(b.runners.size, most) {
		p, err := b.scorer.NewPass(b.cfg.MaxRows)
		if err != nil {
			return err
		}
		err = b.warm(p)
		b.give(&slot{pass: p})
		if err != nil {
			return err
		}
	}
	return nil
}

// warm runs p on zeros: one row, and as many as fit. The first run of a shape
// makes what later ones reuse, so it teaches nothing about the cost; of the
// later ones the fastest does.
func (b *Batcher) warm(p Pass) error {
	for _, rows := range []int{1, b.cfg.MaxRows} {
		fastest := time.Duration(math.MaxInt64)
		for run := range 4 {
			start := time.Now()
			if _, err := p.Run(rows, 1, start.Add(warmTime)); err != nil {
				return err
			}
			if run > 0 {
				fastest = min(fastest, time.Since(start))
			}
		}
		b.observe(rows, fastest)
		b.observe(rows, fastest)
	}
	return nil
}

// warmTime is for one run before there is a request.
const warmTime = 10 * time.Second

// Close frees all passes. No Score may be under way or follow.
func (b *Batcher) Close() error {
	b.spareMu.Lock()
	defer b.spareMu.Unlock()
	var errs []error
	for _, s := range b.spare {
		errs = append(errs, s.pass.Close())
	}
	b.spare = nil
	return errors.Join(errs...)
}

// take returns a pass that nobody uses. The caller must own a runner.
func (b *Batcher) take() (*slot, error) {
	b.spareMu.Lock()
	if n := len(b.spare) - 1; n >= 0 { // fast path
		s := b.spare[n]
		b.spare = b.spare[:n]
		b.spareMu.Unlock()
		return s, nil
	}
	b.spareMu.Unlock()
	p, err := b.scorer.NewPass(b.cfg.MaxRows)
	if err != nil {
		return nil, err
	}
	return &slot{pass: p}, nil
}

func (b *Batcher) give(s *slot) {
	b.spareMu.Lock()
	b.spare = append(b.spare, s)
	b.spareMu.Unlock()
}

// Cost is what a pass of n rows is expected to take, or the longest of several
// passes side by side; 0 if nothing is known yet.
func (b *Batcher) Cost(n int) time.Duration { return b.cost.Estimate(b.part(n)) }

// Fits tells whether n rows that start now are expected to be scored by
// deadline, behind what waits already and is more urgent. Of a request that is
// split, one part must fit: the others run beside it, or go without. A queue
// turns work of a lower class away earlier (see rank.Criticality).
func (b *Batcher) Fits(n int, now, deadline time.Time, class rank.Criticality) bool {
	part, wait := b.part(n), b.runners.wait(deadline)
	room := deadline.Sub(now) - b.cost.Estimate(part) // for waiting; if there is none, late decides
	if room > 0 && wait > time.Duration(float64(room)*class.Share()) || b.late(part, now.Add(wait), deadline) {
		b.stats.late.Add(1)
		return false
	}
	return true
}

// parts is how many passes n rows take at least.
func (b *Batcher) parts(n int) int { return max((n+b.cfg.MaxRows-1)/b.cfg.MaxRows, 1) }

// part is the size of the largest of them.
func (b *Batcher) part(n int) int { return (n + b.parts(n) - 1) / b.parts(n) }

// late tells whether a pass of n rows that starts at start would end too late.
// An estimate that turned passes away and was not tested for long does not
// count: otherwise a slow spell could make it refuse every request, and with no
// pass to learn from it would never recover.
func (b *Batcher) late(n int, start, deadline time.Time) bool {
	if !start.Before(deadline) {
		return true
	}
	cost := b.cost.Estimate(n)
	if !start.Add(cost).After(deadline) {
		return false
	}
	now := start.Sub(b.began)
	if b.refused.CompareAndSwap(0, int64(now)) {
		return true
	}
	return now-time.Duration(b.refused.Load()) < max(minTestGap, 10*cost)
}

// minTestGap is how long an estimate turns passes away untested, at least.
const minTestGap = time.Second

// Score scores all rows of w, or as many as can be before the deadline; an
// error says why some could not.
func (b *Batcher) Score(w *Work) error {
	n := w.Rows.Len()
	if n <= b.cfg.MaxRows { // fast path
		return b.scorePart(w, 0, n)
	}
	return b.scoreParts(w, n)
}

// scoreParts splits a large request into parts of equal size that wait and run
// independently, side by side where runners are idle.
func (b *Batcher) scoreParts(w *Work, n int) error {
	parts := b.parts(n)
	errs := make([]error, parts)
	works := make([]Work, parts)
	panics := make([]any, parts)
	var wg sync.WaitGroup
	for i := range parts {
		works[i] = *w
		part := func() {
			defer func() { panics[i] = recover() }()
			errs[i] = b.scorePart(&works[i], i*n/parts, (i+1)*n/parts)
		}
		if i == parts-1 {
			part() // the last one on the request's own goroutine
		} else {
			wg.Go(part)
		}
	}
	wg.Wait()
	for i := range works {
		if panics[i] != nil { // where the request's own recovery catches it
			panic(panics[i])
		}
		w.Queue = max(w.Queue, works[i].Queue)
		w.Infer = max(w.Infer, works[i].Infer)
	}
	return errors.Join(errs...)
}

// scorePart scores rows [from, to) of w, at most a pass full.
func (b *Batcher) scorePart(w *Work, from, to int) error {
	if from == to {
		return nil
	}
	entered := time.Now()
	t := b.tickets.Get().(*ticket)
	t.batcher, t.work, t.from, t.to, t.deadline, t.entered = b, w, from, to, w.Deadline, entered
	t.claim, t.abandoned, t.err, t.queue, t.infer = unclaimed, false, nil, 0, 0
	t.alone, t.detail = false, w.Sink != nil
	err := errShared
	for errors.Is(err, errShared) {
		if b.runners.acquire(t) { // fast path: no hand-off
			b.lead(t)
		} else if !b.await(t) { // the ticket stays with the leader that still holds it
			b.stats.late.Add(1)
			w.Queue = time.Since(entered)
			return ErrLate
		}
		err = t.err
		t.alone, t.claim = true, unclaimed // for a second round, if there is one
	}
	if errors.Is(err, ErrLate) {
		b.stats.late.Add(1)
	}
	w.Queue, w.Infer = t.queue, t.infer
	t.work = nil
	b.tickets.Put(t)
	return err
}

// await waits until t is scored, or is given a runner, or its deadline passes.
// It returns false if the leader of another pass still holds t, which must then
// be left alone.
func (b *Batcher) await(t *ticket) bool {
	t.timer.Reset(time.Until(t.deadline))
	defer t.timer.Stop()
	select {
	case m := <-t.wake:
		b.obey(t, m)
		return true
	case <-t.timer.C:
	}
	switch b.runners.withdraw(t) {
	case withdrawn:
		t.err = ErrLate
		t.queue = time.Since(t.entered)
		return true
	case leading: // a runner is ours and must be used or passed on
		b.obey(t, <-t.wake)
		return true
	default:
		t.abandon()
		return false
	}
}

func (b *Batcher) obey(t *ticket, m message) {
	if m == lead {
		b.lead(t)
	}
}

// enqueueLocked puts t behind all tickets that are as urgent.
func (b *Batcher) enqueueLocked(t *ticket) {
	at, _ := slices.BinarySearchFunc(b.queue, t.deadline, func(q *ticket, deadline time.Time) int {
		if q.deadline.After(deadline) {
			return 1
		}
		return -1
	})
	b.queue = slices.Insert(b.queue, at, t)
	t.cost = b.cost.Estimate(t.rows())
	b.runners.queued.Add(1)
	b.stats.queuedRows.Add(int64(t.rows()))
}

// removeLocked takes ticket i out of the queue for a claim.
func (b *Batcher) removeLocked(i int, by claim) {
	t := b.queue[i]
	t.claim = by
	b.runners.queued.Add(-1)
	b.stats.queuedRows.Add(-int64(t.rows()))
	b.queue = slices.Delete(b.queue, i, i+1)
	if len(b.queue) == 0 {
		b.runners.waiting = slices.DeleteFunc(b.runners.waiting, func(w *Batcher) bool { return w == b })
	}
}

func (b *Batcher) observe(rows int, took time.Duration) {
	b.refused.Store(0)
	b.costMu.Lock()
	b.cost.Observe(rows, took)
	b.costMu.Unlock()
}
