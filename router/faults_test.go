package router

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Sizes of the faults' world, and how long each phase lasts.
const (
	faultUsers, faultItems = 50, 400
	faultCandidates        = 50
	faultCallers           = 8
	faultBudget            = 50 * time.Millisecond
	faultPhase             = time.Second
	faultRecovery          = 5 * time.Second // the longest from healing until no ranking is degraded any more
)

// faults is a router under load, before a server that gets into trouble.
type faults struct {
	t      *testing.T
	server *redistest.Server
	proxy  *redistest.Proxy
	admin  rueidis.Client // one connection past the proxy, opened while all is well
	store  *redis.Store
	router *Router
	reg    *features.Registry

	phase atomic.Pointer[phase] // where callers book their rankings; swapped by the test
}

// phase is what the callers saw during one stretch of time.
type phase struct {
	mu            sync.Mutex
	took          []time.Duration
	failed        int
	degraded      int
	late          int // took more than twice the budget
	lastDegraded  time.Time
	lastCompleted time.Time
}

func (p *phase) book(start time.Time, took time.Duration, degraded bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took = append(p.took, took)
	if err != nil {
		p.failed++
	}
	if took > 2*faultBudget {
		p.late++
	}
	if degraded {
		p.degraded++
		p.lastDegraded = start.Add(took)
	}
	p.lastCompleted = start.Add(took)
}

func (p *phase) quantile(q float64) time.Duration {
	if len(p.took) == 0 {
		return 0
	}
	slices.Sort(p.took)
	return p.took[min(int(q*float64(len(p.took))), len(p.took)-1)]
}

func newFaults(t *testing.T) *faults {
	t.Helper()
	view := func(name, entity string, maxStale time.Duration) features.View {
		ttl := 150 * time.Millisecond // of the rows kept, so that the server is asked all the time
		return features.View{
			Name: name, Entities: []string{entity}, MaxStale: maxStale, Cache: features.RowCache{TTL: &ttl},
			Columns: []features.Column{{Name: "n", Type: model.Float32}},
		}
	}
	f := &faults{t: t, server: redistest.Start(t, "--enable-debug-command", "yes"), reg: &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.String}},
		Views:    []features.View{view("items", "item", time.Hour), view("users", "user", 0)},
	}}
	f.proxy = redistest.StartProxy(t, f.server.Addr)
	cfg := redis.DefaultConfig()
	cfg.Addresses, cfg.Connections = []string{f.server.Addr}, 1
	var err error
	if f.admin, err = redis.Connect(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.admin.Close)
	f.fill()
	scores, err := cache.New(cache.Config{Size: 8 << 20, TTL: 50 * time.Millisecond, MaxStale: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scores.Close() })
	cfg.Addresses, cfg.Connections = []string{f.proxy.Addr}, 2
	if f.store, err = redis.Open(cfg, f.reg, nil, scores, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	in := model.Feed{Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, 3}}, Width: 3}
	for _, column := range []string{"items.n", "users.n", "missing(users.n)"} {
		c, _ := model.ParseColumn(column)
		in.Columns = append(in.Columns, c)
	}
	plan, err := features.Compile(f.reg, &model.Signature{Inputs: []model.Feed{in}})
	if err != nil {
		t.Fatal(err)
	}
	version := &Version{Spec: &model.Spec{Name: "m", Version: "1"}, Plan: plan, Scorer: sum{}}
	catalogue := &Catalogue{}
	catalogue.Swap(NewSnapshot([]*Model{{Name: "m", Versions: map[string]*Version{"1": version}, Stable: version}}, "m"))
	f.router = New(catalogue, scores, f.store, &quiet{})
	f.phase.Store(&phase{})
	return f
}

// do runs one command past the proxy.
func (f *faults) do(words ...string) error {
	return f.admin.Do(context.Background(), f.admin.B().Arbitrary(words...).Build()).Error()
}

func (f *faults) must(words ...string) {
	f.t.Helper()
	if err := f.do(words...); err != nil {
		f.t.Fatalf("%s: %v", strings.Join(words, " "), err)
	}
}

// fill writes the row of every user and item.
func (f *faults) fill() {
	f.t.Helper()
	for i := range f.reg.Views {
		v := &f.reg.Views[i]
		layout := features.LayoutOf(v.Columns)
		codec := packed.New("rankgate", v, layout)
		n := []int{faultItems, faultUsers}[i]
		for id := range n {
			rec := features.Record{Row: layout.NewRow()}
			layout.Cells[0].SetFloat(&rec.Row, float64(id))
			key, err := codec.AppendKey(nil, fmt.Sprint(id), fmt.Sprint(id))
			if err != nil {
				f.t.Fatal(err)
			}
			f.must("SET", string(key), string(codec.Encode(nil, &rec)))
		}
	}
}

// call ranks again and again, with a short pause in between, until stop is closed.
func (f *faults) call(seed uint64, stop <-chan struct{}) {
	random := rand.New(rand.NewPCG(seed, 9))
	zipf := rand.NewZipf(random, 1.1, 10, faultItems-1)
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for {
		select {
		case <-stop:
			return
		case <-pause.C:
		}
		req := &rank.Request{User: fmt.Sprint(random.IntN(faultUsers)), Start: time.Now()}
		req.Deadline = req.Start.Add(faultBudget)
		for range faultCandidates {
			req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(zipf.Uint64())})
		}
		res, booked := &rank.Result{}, f.phase.Load()
		err := f.router.Rank(req, res)
		booked.book(req.Start, time.Since(req.Start), res.Degraded, err)
	}
}

// during books what the callers see from now until more says no.
func (f *faults) during(more func(*phase) bool) *phase {
	p := &phase{}
	f.phase.Store(p)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		<-look.C
		p.mu.Lock()
		goOn := more(p)
		p.mu.Unlock()
		if !goOn {
			return p
		}
	}
}

func lasting(d time.Duration) func(*phase) bool {
	end := time.Now().Add(d)
	return func(*phase) bool { return time.Now().Before(end) }
}

// healed waits until no ranking has been degraded for a while, and tells how long
// after the healing the last one was.
func (f *faults) healed() (p *phase, after time.Duration) {
	const calm = 300 * time.Millisecond
	begin := time.Now()
	p = f.during(func(p *phase) bool {
		quiet := time.Since(cmp.Or(p.lastDegraded, begin)) > calm && p.lastCompleted.After(begin.Add(calm))
		return !quiet && time.Since(begin) < faultRecovery+calm
	})
	if !p.lastDegraded.IsZero() {
		after = p.lastDegraded.Sub(begin)
	}
	return p, after
}

// fault is one kind of trouble.
type fault struct {
	name       string
	begin, end func(*faults)
	cuts       bool // nothing can be read meanwhile
}

func TestRankingsGoOnWhateverBreaksInTheStore(t *testing.T) {
	f := newFaults(t)
	var callers sync.WaitGroup
	stop := make(chan struct{})
	for i := range faultCallers {
		callers.Go(func() { f.call(uint64(i), stop) })
	}
	f.during(lasting(faultPhase))
	steady, heap := runtime.NumGoroutine(), heapInUse()
	table := []string{fmt.Sprintf("%-22s %-7s %6s %7s %9s %6s %10s %10s %10s", "fault", "phase", "sent", "failed", "degraded", "late", "p50", "p99", "recovered")}
	for _, trouble := range troubles {
		opened := f.store.Stats().Opened
		well := f.during(lasting(faultPhase / 2))
		trouble.begin(f)
		ill := f.during(lasting(faultPhase))
		trouble.end(f)
		again, after := f.healed()
		table = append(table, line(trouble.name, "before", well, ""), line("", "during", ill, ""),
			line("", "after", again, after.Round(time.Millisecond).String()))
		if failed := well.failed + ill.failed + again.failed; failed > 0 {
			t.Errorf("%s: %d rankings failed; want none", trouble.name, failed)
		}
		if trouble.cuts && ill.degraded == 0 {
			t.Errorf("%s: no ranking was degraded: was there a fault?", trouble.name)
		}
		if !trouble.cuts && ill.degraded > 0 {
			t.Errorf("%s: %d of %d rankings were degraded, though everything could be read", trouble.name, ill.degraded, len(ill.took))
		}
		if after > faultRecovery {
			t.Errorf("%s: a ranking was degraded %v after the server was well; want at most %v", trouble.name, after, faultRecovery)
		}
		if now := runtime.NumGoroutine(); now > steady+f.slack() {
			t.Errorf("%s: %d goroutines, %d before", trouble.name, now, steady)
		}
		t.Logf("%s: the breaker opened %d times", trouble.name, f.store.Stats().Opened-opened)
	}
	close(stop)
	callers.Wait()
	t.Logf("%d callers, %d candidates each, budget %v\n%s", faultCallers, faultCandidates, faultBudget, strings.Join(table, "\n"))
	t.Logf("goroutines %d before the faults, %d after; heap %.1f and %.1f MiB; rows that could not be read: %s",
		steady, runtime.NumGoroutine(), heap, heapInUse(), f.reasons())
	if err := f.store.Close(); err != nil {
		t.Error(err)
	}
}

// slack is how many goroutines more than usual are no leak: fetches in progress,
// and connections being made.
func (f *faults) slack() int { return 2*faultCallers + 16 }

func (f *faults) reasons() string {
	var words []string
	for reason, n := range f.store.Stats().Failed {
		if n > 0 {
			words = append(words, fmt.Sprintf("%v %d", redis.Reason(reason), n))
		}
	}
	return strings.Join(words, ", ")
}

func line(name, of string, p *phase, recovered string) string {
	return fmt.Sprintf("%-22s %-7s %6d %7d %9d %6d %10v %10v %10s", name, of, len(p.took), p.failed, p.degraded, p.late,
		p.quantile(0.5).Round(10*time.Microsecond), p.quantile(0.99).Round(10*time.Microsecond), recovered)
}

// heapInUse is in MiB, after a collection.
func heapInUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
