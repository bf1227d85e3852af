package router

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// place is somewhere to have rows scored. It is expected to take cost and takes
// takes, but no longer than it may; it fails with err, or gives every row score.
type place struct {
	cost, takes time.Duration
	full        bool
	err         error
	score       float32

	asked []time.Time // the deadlines that it was handed
}

func (p *place) Cost(int) time.Duration { return p.cost }

func (p *place) Fits(_ int, now, deadline time.Time, _ rank.Criticality) bool {
	return !p.full && !now.Add(p.cost).After(deadline)
}

func (p *place) Score(w *batcher.Work) error {
	p.asked = append(p.asked, w.Deadline)
	takes, err := p.takes, p.err
	if may := time.Until(w.Deadline); takes > may {
		takes, err = max(may, 0), rank.Errorf(rank.DeadlineExceeded, "the pass was given up")
	}
	time.Sleep(takes)
	w.Queue, w.Infer = takes/4, takes-takes/4
	for i := range w.Scores {
		if err == nil {
			w.Scores[i] = p.score
		}
	}
	return err
}

// rowsOf is that many rows that write nothing.
type rowsOf int

func (n rowsOf) Len() int                               { return int(n) }
func (rowsOf) Write(*model.Tensors, int, int, int, int) {}

// ask has ten rows scored within budget and returns the score of the first.
func (l Ladder) ask(t *testing.T, budget time.Duration, gone func() bool) (float32, error) {
	t.Helper()
	deadline := time.Now().Add(budget)
	w := &batcher.Work{Rows: rowsOf(10), Deadline: deadline, Scores: make([]float32, 10), Gone: gone}
	start := time.Now()
	err := l.Score(w)
	if took := time.Since(start); w.Queue+w.Infer != took || w.Deadline != deadline {
		t.Errorf("it took %v, of which %v in queues and %v in passes; the deadline was moved by %v",
			took, w.Queue, w.Infer, w.Deadline.Sub(deadline))
	}
	return w.Scores[0], err
}

const msec = time.Millisecond

var (
	down = rank.Errorf(rank.Unavailable, "none of the 3 servers is well")
	busy = rank.Errorf(rank.Overloaded, "each of the 3 servers holds as many calls as it may")
	bad  = rank.Errorf(rank.InvalidRequest, "indices[3] = 99 is out of range")
)

func TestRowsGoToTheNextPlaceWhenTheFirstCannotHaveThem(t *testing.T) {
	cases := map[string]place{
		"full":                    {cost: msec, full: true},
		"expected to be too slow": {cost: time.Second},
		"out of reach":            {cost: msec, takes: msec, err: down},
		"overloaded":              {cost: msec, takes: msec, err: busy},
		"late":                    {cost: msec, takes: time.Hour},
		"late in its queue":       {cost: msec, takes: msec, err: batcher.ErrLate},
	}
	for name, first := range cases {
		synctest.Test(t, func(t *testing.T) {
			second := &place{cost: 10 * msec, takes: 10 * msec, score: 2}
			if got, err := (Ladder{&first, second}).ask(t, 50*msec, nil); got != 2 || err != nil {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
		})
	}
}

func TestWhatIsNotThePlacesFaultIsNotTriedElsewhere(t *testing.T) {
	for _, err := range []error{nil, bad, errors.New("index out of range"), batcher.ErrGone} {
		synctest.Test(t, func(t *testing.T) {
			first, second := &place{cost: msec, takes: msec, err: err}, &place{cost: msec, takes: msec}
			if _, got := (Ladder{first, second}).ask(t, 50*msec, nil); !errors.Is(got, err) || len(second.asked) > 0 {
				t.Errorf("%v: got %v, and the second place was asked %d times", err, got, len(second.asked))
			}
		})
	}
}

func TestNoSecondPlaceIsAskedForACallerWhoHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &place{cost: msec, takes: msec, err: down}, &place{cost: msec}
		if _, err := (Ladder{first, second}).ask(t, 50*msec, func() bool { return true }); !errors.Is(err, down) || len(second.asked) > 0 {
			t.Errorf("got %v, and the second place was asked %d times", err, len(second.asked))
		}
	})
}

func TestTheFirstPlaceLeavesTimeForTheNext(t *testing.T) {
	const left = 100 * msec
	for cost, want := range map[time.Duration]time.Duration{
		0:          0, // nothing is known
		10 * msec:  15 * msec,
		40 * msec:  50 * msec, // half of what is left
		50 * msec:  50 * msec,
		51 * msec:  0, // it could not use half either
		500 * msec: 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			first, second := &place{cost: msec, err: down}, &place{cost: cost, takes: cost}
			deadline := time.Now().Add(left)
			_, _ = Ladder{first, second}.ask(t, left, nil)
			if got := deadline.Sub(first.asked[0]); got != want {
				t.Errorf("for a place that takes %v, %v of %v are kept; want %v", cost, got, left, want)
			}
		})
	}
}

func TestALadderFitsIfOneOfItsPlacesDoes(t *testing.T) {
	now := time.Now()
	pool, local := &place{cost: 5 * msec}, &place{cost: 30 * msec}
	for budget, want := range map[time.Duration]bool{4 * msec: false, 8 * msec: true, 40 * msec: true} {
		if got := (Ladder{pool, local}).Fits(10, now, now.Add(budget), rank.Critical); got != want {
			t.Errorf("%v: %v", budget, got)
		}
	}
	pool.full = true
	if (Ladder{pool, local}).Fits(10, now, now.Add(20*msec), rank.Critical) {
		t.Error("30 ms fit into 20")
	}
	if !(Ladder{pool, local}).Fits(10, now, now.Add(30*msec), rank.Critical) {
		t.Error("30 ms do not fit into 30")
	}
}

func TestALadderKeepsItsPromisesWhateverItsPlacesDo(t *testing.T) {
	duration := func(t *rapid.T, most int, what string) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, what)) * 100 * time.Microsecond
	}
	rapid.Check(t, func(rt *rapid.T) {
		var places []*place
		var ladder Ladder
		for range rapid.IntRange(1, 4).Draw(rt, "places") {
			places = append(places, &place{
				cost: duration(rt, 400, "cost"), takes: duration(rt, 400, "takes"), full: rapid.IntRange(0, 4).Draw(rt, "full") == 0,
				err: rapid.SampledFrom([]error{nil, nil, down, busy, batcher.ErrLate, bad}).Draw(rt, "error"), score: 1,
			})
			ladder = append(ladder, places[len(places)-1])
		}
		budget := duration(rt, 1000, "budget")
		synctest.Test(t, func(t *testing.T) {
			deadline := time.Now().Add(budget)
			score, err := ladder.ask(t, budget, nil)
			if time.Now().After(deadline) || (score == 1) != (err == nil) {
				t.Errorf("%v after the deadline: %v, %v", time.Since(deadline), score, err)
			}
			last := len(places) - 1
			for i, p := range places {
				if len(p.asked) > 1 || len(p.asked) == 1 && (p.asked[0].After(deadline) || i == last && !p.asked[0].Equal(deadline)) {
					t.Errorf("place %d of %d was handed %v, the work has until %v", i, last+1, p.asked, deadline)
				}
			}
		})
	})
}
