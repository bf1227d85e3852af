package batcher

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestEveryScheduleKeepsItsPromises runs random schedules of requests over two
// models and checks what must hold for all of them.
func TestEveryScheduleKeepsItsPromises(t *testing.T) {
	type arrival struct {
		after  time.Duration
		rows   int
		budget time.Duration
		model  int
		bad    bool
		gone   bool
	}
	arrivals := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) arrival {
		return arrival{
			after:  time.Duration(rapid.IntRange(0, 2000).Draw(t, "after")) * time.Microsecond,
			rows:   rapid.IntRange(1, 130).Draw(t, "rows"),
			budget: time.Duration(rapid.IntRange(100, 20000).Draw(t, "budget")) * time.Microsecond,
			model:  rapid.IntRange(0, 1).Draw(t, "model"),
			bad:    rapid.IntRange(0, 19).Draw(t, "bad") == 0,
			gone:   rapid.IntRange(0, 9).Draw(t, "gone") == 0,
		}
	}), 1, 60)
	rapid.Check(t, func(rt *rapid.T) {
		schedule, size := arrivals.Draw(rt, "arrivals"), rapid.IntRange(1, 3).Draw(rt, "runners")
		remote := rapid.Bool().Draw(rt, "remote")
		synctest.Test(t, func(t *testing.T) {
			runners := NewRunners(size)
			models := []*fakeModel{{tag: 1}, {tag: 2}}
			batchers := []*Batcher{newBatcher(t, 50, runners, models[0]), newBatcher(t, 50, runners, models[1])}
			for _, b := range batchers {
				b.cfg.Remote = remote
			}
			var wg sync.WaitGroup
			for i, a := range schedule {
				time.Sleep(a.after)
				w := workOf(a.rows, int64(1000*i), a.budget)
				rows := w.Rows.(*fakeRows)
				rows.tag = models[a.model].tag
				if a.bad {
					rows.bad = a.rows / 2
				}
				w.Gone = func() bool { return a.gone }
				wg.Go(func() {
					err := batchers[a.model].Score(w)
					for row, s := range w.Scores {
						switch want := float32(rows.first + int64(row)); {
						case s != s && (err != nil || row == rows.bad):
						case s != want:
							t.Errorf("request %d row %d: score %v, want %v (%v)", i, row, s, want, err)
						}
					}
					// One pass that began in time may end late, by its own length.
					if over := time.Since(w.Deadline); over > costOf(50) {
						t.Errorf("request %d answered %v after its deadline", i, over)
					}
				})
			}
			wg.Wait()
			if runners.idle != size || len(runners.waiting) != 0 {
				t.Errorf("%d of %d runners came back, %d queues are left", runners.idle, size, len(runners.waiting))
			}
			for i, m := range models {
				if m.mixed || m.peak > size || slices.Max(append(m.sizes, 0)) > 50 {
					t.Errorf("model %d: mixed %v, %d passes at once, sizes %v", i, m.mixed, m.peak, m.sizes)
				}
				if err := batchers[i].Close(); err != nil {
					t.Error(err)
				}
			}
		})
	})
}
