package pool

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

func TestAFirstAttemptThatFailsLooksAtNothingThatItsHedgeWrites(t *testing.T) {
	for range 20 { // for the race detector: both attempts end with the deadline
		inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
			w.all(slow(time.Hour))
			call := aCall()
			call.Send = func(ctx context.Context, s *fakeServer, a *Attempt) (*answer, error) {
				if !a.Extra {
					time.Sleep(10 * ms)
					return nil, broken.err
				}
				return s.serve(ctx, a)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*ms)
			defer cancel()
			if _, err := Do(ctx, p, call); codeOf(err) != rank.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
			if s := p.Stats(); s.Hedges != 1 || s.Retries > 0 {
				t.Errorf("%d hedges, %d retries", s.Hedges, s.Retries)
			}
		})
	}
}

func TestAHedgeThatPanicsIsOneThatFailed(t *testing.T) {
	inPool(t, 3, func(t *testing.T, _ *world, p *Pool[*fakeServer]) {
		for _, first := range []error{nil, broken.err} {
			call := aCall()
			var done atomic.Int64
			call.Done = func() { done.Add(1) }
			call.Send = func(_ context.Context, s *fakeServer, a *Attempt) (*answer, error) {
				if a.Extra {
					time.Sleep(10 * ms)
					panic("a bug")
				}
				time.Sleep(5 * ms)
				return &answer{by: s}, first
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			_, err := Do(ctx, p, call)
			cancel()
			if (err == nil) != (first == nil) || time.Since(began) > 20*ms {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			time.Sleep(time.Second)
			if s := p.Stats(); done.Load() != 1 || s.InFlight+s.Servers[0].InFlight+s.Servers[1].InFlight+s.Servers[2].InFlight != 0 {
				t.Errorf("Done was called %d times: %+v", done.Load(), s)
			}
		}
		if p.Stats().Hedges != 2 {
			t.Errorf("%d hedges", p.Stats().Hedges)
		}
	})
}

func TestCallsThatAreGivenUpCountAsSlowOnes(t *testing.T) {
	inPool(t, 3, func(t *testing.T, _ *world, p *Pool[*fakeServer]) {
		class := classOf(50)
		calls := p.latency.classes[class].now.total
		for range calls / 10 {
			at, ok := p.begin(p.servers[0], p.now(), false)
			if !ok {
				t.Fatal("no place")
			}
			time.Sleep(ms)
			p.end(at, &ending{verdict: nothing, rows: 50, at: at.began + 30*ms, late: true})
		}
		if got := p.latency.slow(class); got < 30*ms {
			t.Errorf("a tenth of the calls got no answer within 30 ms, and they are slow after %v", got)
		}
	})
}

func TestBudgetsBelowWhatIsSlowTeachNothing(t *testing.T) {
	inPool(t, 3, func(t *testing.T, w *world, p *Pool[*fakeServer]) {
		w.all(slow(20 * ms))
		flood(p, 40*time.Second, 20*ms, usual)
		known := p.latency.slow(classOf(50))
		flood(p, 40*time.Second, ms, 5*ms)
		if got := p.latency.slow(classOf(50)); got != known {
			t.Errorf("calls are slow after %v, and once some had only 5 ms after %v", known, got)
		}
	})
}
