package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/router"
)

// TestAStormMixesUpNoRow sends requests with random models, users, candidates
// and budgets of 1 to 50 ms from clients of which some leave at random moments,
// and checks every answer in full.
func TestAStormMixesUpNoRow(t *testing.T) {
	f := startArithmetic(t, func(cfg *config.Config) {
		cfg.Batch.MaxRows = 128 // so that large requests are split
		cfg.Cache.TTL = 200 * time.Millisecond
	})
	for _, m := range f.catalogue.Load().Models() {
		for _, v := range m.Versions {
			v.Scorer = &moody{Scorer: v.Scorer}
		}
	}
	stop := f.swapFeatures(t)
	defer stop()
	var count storm
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			random := rand.New(rand.NewPCG(uint64(worker), 3))
			for range 120 {
				f.gust(t, client, random, &count)
			}
		})
	}
	wg.Wait()
	t.Logf("%d complete, %d degraded, %d refused, %d left", count.complete.Load(), count.degraded.Load(), count.refused.Load(), count.left.Load())
	if count.complete.Load() == 0 || count.degraded.Load() == 0 || count.left.Load() == 0 {
		t.Error("the storm should have seen complete and degraded answers, and clients that left")
	}
}

// moody holds every fourth request back for about as long as budgets are, so
// that some come to the batcher with little or nothing left.
type moody struct {
	router.Scorer
	calls atomic.Int64
}

func (m *moody) Score(w *batcher.Work) error {
	if m.calls.Add(1)%4 == 0 {
		left := max(time.Until(w.Deadline), 0)
		time.Sleep(rand.N(left + left/10 + 1))
	}
	return m.Scorer.Score(w)
}

// swapFeatures replaces all features by equal ones, again and again, until stop.
func (f *fixture) swapFeatures(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := f.refill(ctx); err != nil {
				t.Error(err)
			}
		}
	}()
	return func() { cancel(); <-done }
}

type storm struct{ complete, degraded, refused, left atomic.Int64 }

// gust is one request of the storm.
func (f *fixture) gust(t *testing.T, client *http.Client, random *rand.Rand, count *storm) {
	model, user := []string{"sum", "towers"}[random.IntN(2)], random.IntN(arithmeticUsers)
	items := make([]int, 1+random.IntN(400))
	for i := range items {
		items[i] = random.IntN(arithmeticItems)
	}
	budget, _ := json.Marshal(1 + 49*random.Float64())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if random.IntN(5) == 0 {
		timer := time.AfterFunc(time.Duration(random.IntN(3000))*time.Microsecond, cancel)
		defer timer.Stop()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.base+"/rank/"+model,
		bytes.NewBufferString(body(user, items, `,"budget_ms":`+string(budget))))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		f.left(t, ctx, err, count)
		return
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		f.left(t, ctx, err, count)
		return
	}
	if res.StatusCode != http.StatusOK {
		var refusal struct {
			Error struct{ Code, Message string }
		}
		if json.Unmarshal(content, &refusal) != nil || refusal.Error.Code != "overloaded" {
			t.Errorf("status %d: %s", res.StatusCode, content)
		}
		count.refused.Add(1)
		return
	}
	var r ranking
	if err := json.Unmarshal(content, &r); err != nil {
		t.Errorf("%v: %s", err, content)
		return
	}
	checkRanking(t, model, user, items, &r)
	if r.Degraded {
		count.degraded.Add(1)
	} else {
		count.complete.Add(1)
	}
}

func (f *fixture) left(t *testing.T, ctx context.Context, err error, count *storm) {
	if ctx.Err() == nil {
		t.Errorf("a client that stayed got no answer: %v", err)
	}
	count.left.Add(1)
}

// checkRanking works every score of r out again.
func checkRanking(t *testing.T, model string, user int, items []int, r *ranking) {
	factor := map[string]int{"sum": 10000, "towers": 1000}[model]
	expected := map[string]float64{}
	asked := map[string]int{}
	for _, item := range items {
		id, _ := json.Marshal(item)
		expected[string(id)] = float64(factor*user + item)
		asked[string(id)]++
	}
	fallbacks := 0
	for i, got := range r.Items {
		asked[got.ID]--
		switch {
		case got.Score == expected[got.ID]:
		case got.Score == -1:
			fallbacks++
		default:
			t.Errorf("%s: item %s of user %d scores %v; want %v", model, got.ID, user, got.Score, expected[got.ID])
		}
		if i > 0 && got.Score > r.Items[i-1].Score {
			t.Errorf("%s: item %s with %v comes after one with %v", model, got.ID, got.Score, r.Items[i-1].Score)
		}
	}
	for id, n := range asked {
		if n != 0 {
			t.Errorf("%s: item %s was returned %d times too few", model, id, n)
		}
	}
	if r.Model != model || r.Coverage["fallback"] != fallbacks || r.Degraded != (r.Coverage["fallback"]+r.Coverage["stale"] > 0) {
		t.Errorf("%s: answered by %s with coverage %v, degraded %v, and %d fallbacks", model, r.Model, r.Coverage, r.Degraded, fallbacks)
	}
}
