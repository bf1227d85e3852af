package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/rank"
)

// schedule is one history of a pool: what its servers do and what is asked of it.
type schedule struct {
	servers int
	turns   []turn
	calls   []arrival
}

// turn is a server that behaves differently from a moment on.
type turn struct {
	after  time.Duration
	server int
	behaviour
}

type arrival struct {
	after             time.Duration
	rows              int
	budget, leaves    time.Duration // leaves: 0 means never
	hedge, idempotent bool
}

var behaviours = []behaviour{
	well, well, well, slow(20 * ms), slow(200 * ms), broken, unreached, overloaded, choosy, black,
	{takes: time.Hour}, {takes: 40 * ms, deaf: true}, {takes: 15 * ms, deaf: true, err: broken.err},
}

func drawSchedule(t *rapid.T) schedule {
	s := schedule{servers: rapid.IntRange(1, 6).Draw(t, "servers")}
	s.turns = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) turn {
		return turn{
			after:     time.Duration(rapid.IntRange(0, 300).Draw(t, "after")) * ms,
			server:    rapid.IntRange(0, s.servers-1).Draw(t, "server"),
			behaviour: rapid.SampledFrom(behaviours).Draw(t, "behaviour"),
		}
	}), 0, 30).Draw(t, "turns")
	// Drawn one by one, calls would be few and their budgets small.
	source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	most := []time.Duration{ms, 4 * ms, 20 * ms}[rapid.IntRange(0, 2).Draw(t, "gaps")]
	for range rapid.IntRange(1, 1500).Draw(t, "calls") {
		a := arrival{
			after:      time.Duration(source.Int64N(int64(most))),
			rows:       []int{1, 50, 500}[source.IntN(3)],
			budget:     time.Duration(source.Int64N(int64(100 * ms))),
			hedge:      source.IntN(5) > 0,
			idempotent: source.IntN(2) > 0,
		}
		if source.IntN(10) == 0 {
			a.leaves = time.Duration(source.Int64N(int64(30 * ms)))
		}
		s.calls = append(s.calls, a)
	}
	return s
}

func TestEveryScheduleKeepsThePromisesOfThePool(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSchedule(rt)
		synctest.Test(t, func(t *testing.T) { replay(t, s) })
	})
}

// replay runs a schedule in virtual time and checks what must hold of any.
func replay(t *testing.T, s schedule) {
	w := newWorld(s.servers)
	p := w.start(t, w.config())
	flood(p, 400*ms, ms, usual) // so that there is a quantile to hedge at
	ledger := &ledger{t: t, from: time.Now().Add(-p.now())}
	ledger.sends[0] = p.tokens.sum
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, turn := range s.turns {
			time.Sleep(turn.after)
			w.list[turn.server].be(turn.behaviour)
		}
	})
	for _, a := range s.calls {
		time.Sleep(a.after)
		wg.Go(func() { followCall(t, p, ledger, a) })
	}
	wg.Wait()
	synctest.Wait() // the losers' ends

	// Whatever happened, nothing is held, every breaker has heard of the end of each
	// call once, and with well servers the pool is well again.
	time.Sleep(time.Second)
	stats := p.Stats()
	if stats.InFlight != 0 {
		t.Errorf("%d places are held under the limit", stats.InFlight)
	}
	for i, server := range p.servers {
		if n := server.inFlight.Load(); n != 0 {
			t.Errorf("server %d: %d places are held", i, n)
		}
		if c := server.health.breaker.Counts(); c.Requests != c.TotalSuccesses+c.TotalFailures+c.TotalExclusions {
			t.Errorf("server %d: its breaker was told of other ends than of beginnings: %+v", i, c)
		}
		w.list[i].be(well)
	}
	for range 3 {
		flood(p, 33*time.Second, 100*ms, usual)
	}
	for _, server := range p.Stats().Servers {
		if server.State != Well {
			t.Errorf("%s is %v though it answers", server.Address, server.State)
		}
	}
	stop(t, p)
	for _, server := range w.list {
		if server.open.Load() {
			t.Errorf("the client of %s is open", server.address)
		}
	}
}

// followCall makes one call and checks what must hold of each.
func followCall(t *testing.T, p *Pool[*fakeServer], ledger *ledger, a arrival) {
	ctx, cancel := context.WithTimeout(context.Background(), a.budget)
	defer cancel()
	if a.leaves > 0 {
		defer time.AfterFunc(a.leaves, cancel).Stop()
	}
	deadline, _ := ctx.Deadline()
	var begun, running, done atomic.Int64
	var mu sync.Mutex
	var answers []*answer
	var asked []*fakeServer
	call := aCall()
	call.Rows, call.Hedge, call.Idempotent = a.rows, a.hedge, a.idempotent
	call.Done = func() {
		if done.Add(1); running.Load() > 0 {
			t.Errorf("Done while an attempt is running")
		}
	}
	call.Send = func(ctx context.Context, s *fakeServer, at *Attempt) (*answer, error) {
		running.Add(1)
		defer running.Add(-1)
		if n := begun.Add(1); n > 2 || at.Extra != (n == 2) || done.Load() > 0 || !time.Now().Before(deadline) {
			t.Errorf("attempt %d (extra %v) began %v before the deadline, Done called %d times",
				n, at.Extra, time.Until(deadline), done.Load())
		}
		ledger.sent(at.Extra)
		result, err := s.serve(ctx, at)
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, s)
		if result != nil {
			answers = append(answers, result)
		}
		return result, err
	}
	got, err := Do(ctx, p, call)
	if left := running.Load(); left > 1 {
		t.Errorf("%d attempts are running after Do", left)
	}
	time.Sleep(time.Second) // the longest deafness is over

	mu.Lock()
	defer mu.Unlock()
	var coded *rank.Error
	if (got == nil) == (err == nil) || err != nil && !errors.As(err, &coded) {
		t.Errorf("got %v and %v", got, err)
	}
	if done.Load() != 1 {
		t.Errorf("Done was called %d times", done.Load())
	}
	if len(asked) == 2 && asked[0] == asked[1] {
		t.Errorf("both attempts went to %s", asked[0].address)
	}
	for _, answer := range answers {
		if n := answer.discarded.Load(); (answer == got) != (n == 0) || n > 1 {
			t.Errorf("an answer (used: %v) was discarded %d times", answer == got, n)
		}
	}
	if len(answers) > 0 && got != nil && answers[0] != got {
		t.Errorf("the answer that came second was used")
	}
}

// ledger counts what was sent in each second and checks the budget of extra sends
// at each one.
type ledger struct {
	t    *testing.T
	from time.Time

	mu    sync.Mutex
	sends [100]sends
}

func (l *ledger) sent(extra bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	second := int(time.Since(l.from) / time.Second)
	if !extra {
		l.sends[second].primaries++
		return
	}
	l.sends[second].retries++
	var sum sends
	for _, s := range l.sends[max(0, second-tokenSeconds+1) : second+1] {
		sum.primaries += s.primaries
		sum.hedges += s.hedges
		sum.retries += s.retries
	}
	if allowed := max(DefaultConfig().Retry.Budget*float64(sum.primaries), tokenSeconds); float64(sum.extra()) > allowed {
		l.t.Errorf("%d extra sends for %d calls in ten seconds", sum.extra(), sum.primaries)
	}
}
