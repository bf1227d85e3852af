package pool

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// benchCall answers at once, so what is measured is the pool's own work.
func benchCall(hedge bool) *Call[*fakeServer, *answer] {
	got := &answer{}
	return &Call[*fakeServer, *answer]{
		Rows: 50, Hedge: hedge,
		Send: func(context.Context, *fakeServer, *Attempt) (*answer, error) { return got, nil },
	}
}

// BenchmarkDo is a call that needs no second attempt: without a hedge to set up,
// and with one that is stopped in time.
func BenchmarkDo(b *testing.B) {
	for name, hedge := range map[string]bool{"alone": false, "hedged": true} {
		for _, servers := range []int{3, 16} {
			b.Run(fmt.Sprintf("%s/%d", name, servers), func(b *testing.B) {
				w := newWorld(servers)
				cfg := w.config()
				cfg.random = nil
				p := w.start(b, cfg)
				defer stop(b, p)
				call := benchCall(hedge)
				ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
				defer cancel()
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Do(ctx, p, call); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func TestACallWithoutAHedgeAllocatesAlmostNothing(t *testing.T) {
	w := newWorld(3)
	p := w.start(t, w.config())
	defer stop(t, p)
	call := benchCall(false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	allocations := testing.AllocsPerRun(1000, func() { _, _ = Do(ctx, p, call) })
	if allocations > 1 { // the breaker's closure
		t.Errorf("%v allocations", allocations)
	}
}
