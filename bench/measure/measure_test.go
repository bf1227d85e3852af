package measure

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/bench/result"
)

// drifting is a stack on a machine whose speed halves from one round to the next: a
// request takes cost times what it takes there.
type drifting struct {
	name  string
	cost  int // nanoseconds
	round int
	turns *[]string
}

func (d *drifting) Name() string { return d.name }

func (d *drifting) Slice(context.Context, time.Duration) (Slice, error) {
	slow := 1 << d.round
	d.round++
	*d.turns = append(*d.turns, d.name)
	return Slice{Requests: 10, CPU: time.Duration(10 * slow * d.cost), Length: time.Second}, nil
}

func TestStacksAreComparedWithinRounds(t *testing.T) {
	var turns []string
	a, b := &drifting{name: "a", cost: 30, turns: &turns}, &drifting{name: "b", cost: 10, turns: &turns}
	c := &drifting{name: "c", cost: 5, turns: &turns}
	records, err := (&Contest{Stacks: []Stack{a, b, c}, Slice: time.Second, Rounds: 9}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := Ratio(&records[0], &records[1], &records[2]); math.Abs(got.Low-2) > 1e-9 || math.Abs(got.High-2) > 1e-9 {
		t.Errorf("ratio %v; want 2 in every round", got)
	}
	if got := Difference(&records[1], &records[2]).Low; math.Abs(got-4*5e-9) > 1e-12 {
		t.Errorf("difference of the quarter below %v; want that of the third round", got)
	}
	if got := strings.Join(turns[:9], ""); got != "abcbcacab" {
		t.Errorf("turns %s; want every stack to begin a round", got)
	}
}

// fails is a stack that does not answer.
type fails struct{ err error }

func (fails) Name() string { return "lazy" }

func (f fails) Slice(context.Context, time.Duration) (Slice, error) { return Slice{}, f.err }

func TestAStackThatDoesNotAnswerEndsTheContest(t *testing.T) {
	broken := errors.New("broken")
	if _, err := (&Contest{Stacks: []Stack{fails{broken}}, Rounds: 1}).Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	_, err := (&Contest{Stacks: []Stack{fails{}}, Slice: time.Second, Rounds: 1}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "lazy answered nothing in 1s") {
		t.Errorf("got %v", err)
	}
}

func TestAPointIsValidIfMostOfItsRunsWere(t *testing.T) {
	points := []result.Point{
		{Rate: 10, Requests: 20, P50: 1, P99: 30, Valid: true}, {Rate: 10, Requests: 20, Failed: 1, P50: 3, P99: 10},
		{Rate: 10, Requests: 20, P50: 2, P99: 20, Valid: true},
	}
	got := MedianPoint(points)
	if !got.Valid || got.P50 != 2 || got.P99 != 20 || got.Requests != 60 || got.Failed != 1 {
		t.Errorf("%+v", got)
	}
	points[0].Valid = false
	if MedianPoint(points).Valid {
		t.Error("one of three valid runs makes a valid point")
	}
}

func TestQuantilesLieBetweenTheRounds(t *testing.T) {
	f := func(want Figure, rounds ...float64) {
		t.Helper()
		if got := FigureOf(rounds); got != want {
			t.Errorf("FigureOf(%v) = %v; want %v", rounds, got, want)
		}
	}
	f(Figure{7, 7, 7}, 7)
	f(Figure{1.25, 1.5, 1.75}, 2, 1)
	f(Figure{2, 3, 4}, 5, 1, 4, 2, 3)
	f(Figure{1.75, 2.5, 3.25}, 4, 2, 3, 1)
}

func TestSlopeFollowsALine(t *testing.T) {
	if got := Slope([][2]float64{{0, 5}, {1, 7}, {2, 9}, {3, 11}}); math.Abs(got-2) > 1e-12 {
		t.Errorf("slope %v; want 2", got)
	}
}
