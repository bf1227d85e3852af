package router

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// The load on a patient: callers, each of whom asks again at every beat unless it
// still waits. On a machine that can't serve so many, beats become longer.
const (
	patientItems, patientUsers = 5000, 50
	callers, candidateCount    = 16, 50
	beat                       = 10 * time.Millisecond
	slowestBeat                = 8 * beat
	budgetOfOne                = 50 * time.Millisecond
)

// Indices of the views of a patient.
const (
	patientItemView = iota
	patientUserView
)

// patient is a router over a store over a proxy before a server. Items may be a
// hour stale, users not at all. What is kept is kept so short that every request
// asks the server for something.
type patient struct {
	t      testing.TB
	cfg    redis.Config
	reg    *features.Registry
	server *redistest.Server
	proxy  *redistest.Proxy
	store  *redis.Store
	router *Router
	admin  rueidis.Client // over one connection, past the proxy
	writer *redis.Writer
}

func newPatient(t testing.TB, args ...string) *patient {
	t.Helper()
	view := func(name string) features.View {
		return features.View{Name: name + "s", Entities: []string{name}, Columns: []features.Column{{Name: "n", Type: model.Float32}}}
	}
	reg := &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.String}},
		Views:    []features.View{view("item"), view("user")},
	}
	reg.Views[patientItemView].MaxStale = time.Hour
	p := &patient{t: t, cfg: redis.DefaultConfig(), reg: reg, server: redistest.Start(t, args...)}
	p.cfg.Addresses, p.cfg.Connections = []string{p.server.Addr}, 1
	var err error
	if p.admin, err = redis.Connect(p.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.admin.Close)
	if p.writer, err = redis.NewWriter(p.admin, p.cfg, reg); err != nil {
		t.Fatal(err)
	}
	p.fill()
	p.proxy = redistest.StartProxy(t, p.server.Addr)
	p.cfg.Addresses = []string{p.proxy.Addr}
	p.cfg.Cache = redis.Cache{Size: 8 << 20, TTL: 2 * beat, Negative: 2 * beat}
	p.cfg.MaxFetches = 64
	scores, err := cache.New(cache.Config{Size: 8 << 20, TTL: 2 * cache.Tick})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scores.Close() })
	if p.store, err = redis.Open(p.cfg, reg, nil, scores, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.store.Close() })
	p.router = New(p.catalogue(), scores, p.store, &quiet{})
	return p
}

func (p *patient) catalogue() *Catalogue {
	p.t.Helper()
	in := model.Feed{Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, 3}}, Width: 3}
	in.Columns = []model.Column{{View: "items", Name: "n"}, {View: "users", Name: "n"}, {View: "context", Name: "hour"}}
	plan, err := features.Compile(p.reg, &model.Signature{Inputs: []model.Feed{in}})
	if err != nil {
		p.t.Fatal(err)
	}
	version := &Version{Spec: &model.Spec{Name: "m", Version: "1"}, Plan: plan, Scorer: sum{}}
	c := &Catalogue{}
	c.Swap(NewSnapshot([]*Model{{Name: "m", Versions: map[string]*Version{"1": version}, Stable: version}}, "m"))
	return c
}

func (p *patient) fill() {
	p.t.Helper()
	layout := features.LayoutOf(p.reg.Views[0].Columns)
	records := make([][]features.Record, 2)
	for i := range patientItems {
		records[patientItemView] = append(records[patientItemView], features.Record{Item: fmt.Sprint(i), Row: layout.NewRow()})
	}
	for i := range patientUsers {
		records[patientUserView] = append(records[patientUserView], features.Record{User: fmt.Sprint("u", i), Row: layout.NewRow()})
	}
	for view := range records {
		if _, err := p.writer.Write(context.Background(), view, records[view]); err != nil {
			p.t.Fatal(err)
		}
	}
}

// command sends one over the connection that was there before the fault.
func (p *patient) command(words ...string) {
	p.t.Helper()
	if err := p.admin.Do(context.Background(), p.admin.B().Arbitrary(words...).Build()).Error(); err != nil {
		p.t.Fatal(err)
	}
}

// keepWriting rewrites the first items until ctx ends.
func (p *patient) keepWriting(ctx context.Context) {
	layout := features.LayoutOf(p.reg.Views[0].Columns)
	for n := int64(1); ctx.Err() == nil; n++ {
		var records []features.Record
		for i := range 100 {
			rec := features.Record{Item: fmt.Sprint(i), Row: layout.NewRow()}
			rec.Row.Time = n
			records = append(records, rec)
		}
		_, _ = p.writer.Write(ctx, patientItemView, records) // the server counts what it refuses
	}
}

// stage is one part of a trial.
type stage int32

const (
	before stage = iota
	during
	after
	numStages
)

var stageNames = [numStages]string{"before", "fault", "healed"}

// tally is what callers saw in one stage.
type tally struct {
	failed, degraded, overrun int
	took                      []time.Duration
}

func (t *tally) add(other *tally) {
	t.failed += other.failed
	t.degraded += other.degraded
	t.overrun += other.overrun
	t.took = append(t.took, other.took...)
}

// percentile is the time that so many in a hundred requests took at most.
func (t *tally) percentile(p int) time.Duration {
	slices.Sort(t.took)
	return t.took[(len(t.took)-1)*p/100]
}

// load is callers on a patient.
type load struct {
	p       *patient
	stage   atomic.Int32
	sent    [numStages]atomic.Int64
	lowered [numStages]atomic.Int64 // degraded
	healed  atomic.Int64            // when the fault ended, in nanoseconds since began
	whole   atomic.Int64            // from then to the end of the first ranking that was begun later and is not degraded; 0: none yet
	peak    atomic.Int64            // goroutines, in any stage
	began   time.Time
	beats   []*time.Ticker // of the callers

	mu    sync.Mutex
	tally [numStages]tally // guarded by mu
}

// call asks at every tick of pace until ctx ends.
func (l *load) call(ctx context.Context, seed uint64, pace *time.Ticker) {
	random := rand.New(rand.NewPCG(7, seed))
	zipf := rand.NewZipf(random, 1.1, 1, patientItems-1)
	defer pace.Stop()
	var own [numStages]tally
	res := &rank.Result{}
	for {
		select {
		case <-ctx.Done():
			l.mu.Lock()
			defer l.mu.Unlock()
			for s := range own {
				l.tally[s].add(&own[s])
			}
			return
		case <-pace.C:
		}
		req := &rank.Request{User: fmt.Sprint("u", random.IntN(patientUsers))}
		for range candidateCount {
			req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(zipf.Uint64())})
		}
		l.ask(req, res, &own)
	}
}

func (l *load) ask(req *rank.Request, res *rank.Result, own *[numStages]tally) {
	s := stage(l.stage.Load())
	req.Start = time.Now()
	req.Deadline = req.Start.Add(budgetOfOne)
	err := l.p.router.Rank(req, res)
	took := time.Since(req.Start)
	own[s].took = append(own[s].took, took)
	if took > 2*budgetOfOne {
		own[s].overrun++
	}
	switch {
	case err != nil:
		own[s].failed++
	case res.Degraded:
		own[s].degraded++
		l.lowered[s].Add(1)
	case s == after:
		l.whole.CompareAndSwap(0, int64(time.Since(l.began))-l.healed.Load())
	}
	l.sent[s].Add(1)
	for n := int64(runtime.NumGoroutine()); ; {
		peak := l.peak.Load()
		if n <= peak || l.peak.CompareAndSwap(peak, n) {
			return
		}
	}
}

// settle makes beats longer until most rankings are not degraded, and returns how long
// they are: what is later, the fault has done and not the machine.
func (l *load) settle(t testing.TB) time.Duration {
	t.Helper()
	for every := beat; ; every *= 2 {
		sent, lowered := l.sent[before].Load(), l.lowered[before].Load()
		until(t, "requests before", func() bool { return l.sent[before].Load() >= sent+requestsBefore })
		sent, lowered = l.sent[before].Load()-sent, l.lowered[before].Load()-lowered
		switch {
		case lowered <= sent/2:
			return every
		case every >= slowestBeat:
			t.Fatalf("%d of %d rankings are degraded before any fault, though each caller asks only every %v", lowered, sent, every)
		}
		for _, pace := range l.beats {
			pace.Reset(2 * every)
		}
	}
}

// enter begins a stage; requests under way belong to the one before.
func (l *load) enter(s stage) {
	if s == after {
		l.healed.Store(int64(time.Since(l.began)))
	}
	l.stage.Store(int32(s))
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	end, look := time.After(time.Minute), time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-end:
			t.Fatalf("in vain: %s; goroutines:\n%s", what, stacks())
		case <-look.C:
		}
	}
}

// goroutines counts those that are not the proxy's, which may leave one behind that
// has data for nobody.
func goroutines() int {
	n := 0
	for stack := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
		if !bytes.Contains(stack, []byte("Shopify/toxiproxy")) {
			n++
		}
	}
	return n
}

func stacks() []byte {
	text := make([]byte, 1<<20)
	return text[:runtime.Stack(text, true)]
}
