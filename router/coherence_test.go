package router

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// The truth is a few hundred entities whose one feature counts how often it was
// written. A user's count is the upper byte of a score, an item's the middle one
// and a pair's the lower one, so that a score tells what it was built on.
const (
	truthUsers, truthItems = 60, 120
	truthPairs             = truthUsers * 4 // each user's with the first items
	mostWrites             = 255
)

// entity is one of them. Kinds are in the order of the registry's views.
type entity struct {
	view       int
	user, item string
	shift      int // of its count in a score

	mu      sync.Mutex                   // held by the one who writes
	written int                          // writes begun; guarded by mu
	told    atomic.Int64                 // writes that every reader must see; raised by writers
	acked   [mostWrites + 1]atomic.Int64 // by count: when the server had acknowledged it, in nanoseconds of the clock; 0: not yet
}

type truth struct {
	t        *testing.T
	server   *redistest.Server
	writer   rueidis.Client
	store    *redis.Store
	router   *Router
	codecs   []*packed.View
	layouts  []*features.Layout
	entities []*entity
	users    map[string]*entity
	items    map[string]*entity
	pairs    map[[2]string]*entity
	began    time.Time
}

// sum scores a row with the sum of its inputs.
type sum struct{}

func (sum) Cost(int) time.Duration { return 0 }

func (sum) Fits(int, time.Time, time.Time, rank.Criticality) bool { return true }

func (sum) Score(work *batcher.Work) error {
	n := work.Rows.Len()
	t := model.Tensors{Inputs: []model.Buffer{{Width: 3, Float32: make([]float32, 3*n)}}}
	work.Rows.Write(&t, 0, n, 0, 0)
	for i := range n {
		in := t.Inputs[0].Float32[3*i:]
		work.Scores[i] = in[0] + in[1] + in[2]
	}
	return nil
}

func newTruth(t *testing.T, ttl time.Duration, change func(*redis.Config, *features.Registry)) *truth {
	t.Helper()
	view := func(name string, entities ...string) features.View {
		return features.View{Name: name, Entities: entities, Columns: []features.Column{{Name: "n", Type: model.Float32}}}
	}
	reg := &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.String}},
		Views:    []features.View{view("items", "item"), view("pairs", "user", "item"), view("users", "user")},
	}
	w := &truth{t: t, server: redistest.Start(t), began: time.Now(), users: map[string]*entity{}, items: map[string]*entity{}, pairs: map[[2]string]*entity{}}
	cfg := redis.DefaultConfig()
	cfg.Addresses, cfg.Connections, cfg.Timeout = []string{w.server.Addr}, 1, 10*time.Second
	if change != nil {
		change(&cfg, reg)
	}
	w.populate()
	var err error
	if w.writer, err = redis.Connect(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.writer.Close)
	for i := range reg.Views {
		layout := features.LayoutOf(reg.Views[i].Columns)
		w.layouts = append(w.layouts, layout)
		w.codecs = append(w.codecs, packed.New(cfg.Prefix, &reg.Views[i], layout))
	}
	scores, err := cache.New(cache.Config{Size: 8 << 20, TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scores.Close() })
	if w.store, err = redis.Open(cfg, reg, nil, scores, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	in := model.Feed{Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, 3}}, Width: 3}
	for _, v := range reg.Views {
		in.Columns = append(in.Columns, model.Column{View: v.Name, Name: "n"})
	}
	plan, err := features.Compile(reg, &model.Signature{Inputs: []model.Feed{in}})
	if err != nil {
		t.Fatal(err)
	}
	version := &Version{Spec: &model.Spec{Name: "m", Version: "1"}, Plan: plan, Scorer: sum{}}
	catalogue := &Catalogue{}
	catalogue.Swap(NewSnapshot([]*Model{{Name: "m", Versions: map[string]*Version{"1": version}, Stable: version}}, "m"))
	w.router = New(catalogue, scores, w.store, &quiet{})
	return w
}

type quiet struct{}

func (*quiet) Observe(*rank.Request, *rank.Result, error) {}

func (w *truth) populate() {
	for u := range truthUsers {
		e := &entity{view: 2, user: fmt.Sprint("u", u), shift: 16}
		w.users[e.user] = e
		w.entities = append(w.entities, e)
		for i := range truthPairs / truthUsers {
			p := &entity{view: 1, user: e.user, item: fmt.Sprint(i)}
			w.pairs[[2]string{p.user, p.item}] = p
			w.entities = append(w.entities, p)
		}
	}
	for i := range truthItems {
		e := &entity{view: 0, item: strconv.Itoa(i), shift: 8}
		w.items[e.item] = e
		w.entities = append(w.entities, e)
	}
}

// write counts e up. Once the server has acknowledged the write and has answered
// something that was sent over the store's own connection after that, the word of
// the write has arrived: one round trip.
func (w *truth) write(e *entity) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.written == mostWrites {
		return
	}
	e.written++
	layout := w.layouts[e.view]
	rec := features.Record{Row: layout.NewRow()}
	layout.Cells[0].SetFloat(&rec.Row, float64(e.written<<e.shift))
	key, err := w.codecs[e.view].AppendKey(nil, e.user, e.item)
	if err != nil {
		w.t.Error(err)
		return
	}
	set := w.writer.B().Set().Key(string(key)).Value(string(w.codecs[e.view].Encode(nil, &rec))).Build()
	if err := w.writer.Do(context.Background(), set).Error(); err != nil {
		w.t.Error(err)
		return
	}
	e.acked[e.written].Store(int64(time.Since(w.began)))
	if err := w.store.Ping(context.Background()); err != nil {
		w.t.Error(err)
		return
	}
	e.told.Store(int64(e.written))
}

// rank asks for one ranking and calls check for each entity behind each score
// that is said to be true, with the count that the score was built on.
func (w *truth) rank(random *rand.Rand, check func(e *entity, count int64, source rank.Source)) {
	req := &rank.Request{User: fmt.Sprint("u", random.IntN(truthUsers)), Start: time.Now()}
	req.Deadline = req.Start.Add(time.Minute)
	for from, i := random.IntN(truthItems-20), 0; i < 20; i++ {
		req.Items = append(req.Items, rank.Item{ID: strconv.Itoa(from + i)})
	}
	res := &rank.Result{}
	if err := w.router.Rank(req, res); err != nil {
		w.t.Error(err)
		return
	}
	for i, source := range res.Sources {
		if source != rank.SourceModel && source != rank.SourceCache {
			continue
		}
		score := int64(res.Scores[i])
		check(w.users[req.User], score>>16, source)
		check(w.items[req.Items[i].ID], score>>8&0xff, source)
		if p := w.pairs[[2]string{req.User, req.Items[i].ID}]; p != nil {
			check(p, score&0xff, source)
		}
	}
}

// run has workers write, each so often, while as many others rank until the last
// write is done and at least so often. asks makes what checks the scores of one
// ranking, at the moment before it.
func (w *truth) run(workers, each int, asks func() func(e *entity, count int64, source rank.Source)) {
	var writers, rankers sync.WaitGroup
	var ranks, cached atomic.Int64
	var done atomic.Bool
	for worker := range workers {
		random := rand.New(rand.NewPCG(1, uint64(worker)))
		writers.Go(func() {
			for range each {
				w.write(w.entities[random.IntN(len(w.entities))])
			}
		})
		asking := rand.New(rand.NewPCG(2, uint64(worker)))
		rankers.Go(func() {
			for n := 0; n < each || !done.Load(); n++ {
				check := asks()
				w.rank(asking, func(e *entity, count int64, source rank.Source) {
					if source == rank.SourceCache {
						cached.Add(1)
					}
					check(e, count, source)
				})
				ranks.Add(1)
			}
		})
	}
	writers.Wait()
	done.Store(true)
	rankers.Wait()
	if cached.Load() == 0 {
		w.t.Error("no score came from the cache: nothing was tested")
	}
	w.t.Logf("%d writes, %d ranks, %d entities behind cached scores compared", workers*each, ranks.Load(), cached.Load())
}

func TestNoScoreIsOlderThanOneRoundTripOfInvalidation(t *testing.T) {
	w := newTruth(t, time.Hour, nil)
	w.run(4, 12_500, func() func(*entity, int64, rank.Source) {
		told := make(map[*entity]int64, len(w.entities))
		for _, e := range w.entities {
			told[e] = e.told.Load()
		}
		return func(e *entity, count int64, source rank.Source) {
			if count < told[e] {
				t.Errorf("a score from the %v is built on write %d of %s/%s; write %d was told before", source, count, e.user, e.item, told[e])
			}
		}
	})
}

func TestWithoutTrackingNoScoreIsOlderThanItsTTL(t *testing.T) {
	const ttl = 200 * time.Millisecond
	w := newTruth(t, ttl, func(cfg *redis.Config, reg *features.Registry) {
		cfg.Cache.TTL, cfg.Cache.Negative = ttl*3/4, ttl*3/4
		for i := range reg.Views {
			reg.Views[i].Cache.Tracking = features.TrackingOff
		}
	})
	w.run(2, 12_500, func() func(*entity, int64, rank.Source) {
		asked := int64(time.Since(w.began))
		return func(e *entity, count int64, source rank.Source) {
			if count == mostWrites {
				return
			}
			if next := e.acked[count+1].Load(); next != 0 && next < asked-int64(ttl) {
				t.Errorf("a score from the %v is built on write %d of %s/%s, whose next one was acknowledged %v before; the TTL is %v",
					source, count, e.user, e.item, time.Duration(asked-next), ttl)
			}
		}
	})
}
