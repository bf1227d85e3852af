package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/rank"
)

// gallery is a model whose first layer reads 32 columns of the user and 96 of the item,
// over features of which each load has others.
type gallery struct {
	*fixture
	load *atomic.Uint64 // what the next reload reads
}

const (
	galleryUsers = 8
	galleryItems = 300
	galleryModel = `
inputs: {dense: {columns: [item_stats.feel, user_stats.taste, missing(item_stats.feel), item_stats.look]}}
score: logits
fallback: -1000
`
)

func galleryFiles(t *testing.T) map[string]string {
	return map[string]string{
		"features.yaml": `
entities: {user: {type: string}, item: {type: string}}
views:
  user_stats: {entities: [user], columns: {taste: "float32[32]"}}
  item_stats: {entities: [item], columns: {look: "float32[59]", feel: "float32[36]"}}
`,
		"models/mid/model.yaml":   galleryModel,
		"models/mid/1/model.onnx": graph(t, "mid"),
	}
}

// looks is a vector of a load's.
func looks(load uint64, column string, id, n int) []float32 {
	random := rand.New(rand.NewPCG(load, uint64(id)<<8|uint64(column[0])))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(random.NormFloat64())
	}
	return out
}

// feelOf has nothing to tell of every tenth item.
func feelOf(load uint64, item int) []float32 {
	if item%10 == 0 {
		return nil
	}
	return looks(load, "feel", item, 36)
}

func (g *gallery) fill(b *features.Builder) error {
	load := g.load.Load()
	for u := range galleryUsers {
		if err := b.Add("user_stats", []string{fmt.Sprint(u)}, looks(load, "taste", u, 32)); err != nil {
			return err
		}
	}
	for i := range galleryItems {
		values := []any{looks(load, "look", i, 59), nil}
		if feel := feelOf(load, i); feel != nil {
			values[1] = feel
		}
		if err := b.Add("item_stats", []string{fmt.Sprint(i)}, values...); err != nil {
			return err
		}
	}
	return nil
}

// dense is the row of the graph's input.
func dense(load uint64, user, item int) []float32 {
	feel, flag := feelOf(load, item), float32(0)
	if feel == nil {
		feel, flag = make([]float32, 36), 1
	}
	return slices.Concat(feel, looks(load, "taste", user, 32), []float32{flag}, looks(load, "look", item, 59))
}

func startGallery(t *testing.T, load uint64, change func(*config.Config)) *gallery {
	t.Helper()
	g := &gallery{load: &atomic.Uint64{}}
	g.load.Store(load)
	g.fixture = start(t, buildFixture(t, galleryFiles(t), func(cfg *config.Config) {
		cfg.Models.Default = "mid"
		cfg.Edge.Drain.Wait, cfg.Edge.Drain.Linger = 0, 50*time.Millisecond
		cfg.Listen.RepositoryControl = true
		change(cfg)
	}, g.fill))
	return g
}

func uncached(cfg *config.Config) { cfg.Cache.Size = 0 }

// unkept has the whole graph score rankings.
func unkept(cfg *config.Config) { cfg.Cache.Size, cfg.ONNX.ItemParts = 0, 0 }

// hang reloads the features as a SIGHUP does.
func (g *gallery) hang(t *testing.T, load uint64) {
	t.Helper()
	g.load.Store(load)
	g.reload(t.Context())
}

// ask ranks items for a user, with time enough.
func (g *gallery) ask(t *testing.T, user int, items []int) ranking {
	t.Helper()
	r, _ := g.rank(t, "/rank", body(user, items, `,"budget_ms":2000`))
	if r.Degraded || len(r.Items) != len(items) {
		t.Errorf("user %d: %d of %d items, degraded %v", user, len(r.Items), len(items), r.Degraded)
	}
	return r
}

func someItems(random *rand.Rand, n int) []int {
	return random.Perm(galleryItems + 20)[:n] // there are no features of some
}

// near allows for the order of sums.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*max(1, math.Abs(b)) }

// alike says how two rankings differ, "" if they do not.
func alike(got, want ranking) string {
	scores := map[string]float64{}
	for _, item := range want.Items {
		scores[item.ID] = item.Score
	}
	for i, item := range got.Items {
		score, ok := scores[item.ID]
		if !ok || !near(item.Score, score) {
			return fmt.Sprintf("item %s scores %v; want %v", item.ID, item.Score, score)
		}
		if other := want.Items[i]; item.ID != other.ID && !near(score, other.Score) {
			return fmt.Sprintf("item %s comes at %d, in the place of %s", item.ID, i, other.ID)
		}
	}
	return ""
}

// counter reads a metric of version 1.
func (g *gallery) counter(t *testing.T, series string) float64 {
	t.Helper()
	for line := range strings.Lines(get(t, "http://"+g.admin.Addr().String()+"/metrics")) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("the metrics lack %s", series)
	return 0
}

const (
	knownParts    = `rankgate_item_parts_total{model="mid",result="known",version="1"}`
	computedParts = `rankgate_item_parts_total{model="mid",result="computed",version="1"}`
	rowsOfPasses  = `rankgate_batch_rows_sum{backend="local",model="mid",version="1"}`
	passes        = `rankgate_batch_rows_count{backend="local",model="mid",version="1"}`
)

func TestAGraphTakenApartRanksAsTheWholeOne(t *testing.T) {
	whole := startGallery(t, 1, unkept)
	for name, change := range map[string]func(*config.Config){
		"by default":         nothing,
		"nothing cached":     uncached,
		"room for few parts": func(cfg *config.Config) { cfg.Cache.Size, cfg.ONNX.ItemParts = 0, 64<<10 },
		"room for none":      func(cfg *config.Config) { cfg.Cache.Size, cfg.ONNX.ItemParts = 0, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			apart := startGallery(t, 1, change)
			random := rand.New(rand.NewPCG(5, 6))
			for user := range galleryUsers + 1 { // of the last nothing is known
				items := someItems(random, 1+random.IntN(250))
				want := whole.ask(t, user, items)
				for range 2 {
					if difference := alike(apart.ask(t, user, items), want); difference != "" {
						t.Errorf("user %d: %s", user, difference)
					}
				}
			}
			if apart.counter(t, computedParts) == 0 {
				t.Error("the graph was not taken apart")
			}
		})
	}
	if text := get(t, "http://"+whole.admin.Addr().String()+"/metrics"); strings.Contains(text, "item_parts") {
		t.Error("parts are counted where none are kept")
	}
}

func TestScoresAreOfTheFeaturesThatWereLoadedLast(t *testing.T) {
	g := startGallery(t, 1, uncached)
	items := someItems(rand.New(rand.NewPCG(7, 8)), 200)
	for load := range uint64(3) {
		fresh := startGallery(t, load+1, unkept)
		if load > 0 {
			g.hang(t, load+1)
		}
		for user := range galleryUsers {
			if difference := alike(g.ask(t, user, items), fresh.ask(t, user, items)); difference != "" {
				t.Errorf("load %d, user %d: %s", load+1, user, difference)
			}
		}
	}
}

// infer has the rows of a user and items scored over the inference protocol.
func (g *gallery) infer(t *testing.T, load uint64, user int, items []int) []float64 {
	t.Helper()
	var rows []float32
	for _, item := range items {
		rows = append(rows, dense(load, user, item)...)
	}
	data, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	var got inferred
	g.v2(t, "POST", "/models/mid/infer", fmt.Sprintf(
		`{"inputs":[{"name":"dense","shape":[%d,128],"datatype":"FP32","data":%s}]}`, len(items), data), 200, &got)
	if len(got.Outputs) != 1 || len(got.Outputs[0].Data) != len(items) {
		t.Fatalf("%+v; want %d scores", got, len(items))
	}
	return got.Outputs[0].Data
}

func TestMessagesOfTheInferenceProtocolAreScoredAsRankingsAre(t *testing.T) {
	g := startGallery(t, 1, uncached)
	items := rand.New(rand.NewPCG(9, 9)).Perm(galleryItems)[:50]
	for user := range 3 {
		scores := map[string]float64{}
		for i, score := range g.infer(t, 1, user, items) {
			scores[fmt.Sprint(items[i])] = score
		}
		for _, item := range g.ask(t, user, items).Items {
			if !near(item.Score, scores[item.ID]) {
				t.Errorf("user %d: item %s ranks with %v; a message gives %v", user, item.ID, item.Score, scores[item.ID])
			}
		}
	}
}

func TestPassesOfBothKindsAndPartsAreCounted(t *testing.T) {
	g := startGallery(t, 1, uncached)
	items := rand.New(rand.NewPCG(3, 3)).Perm(galleryItems)[:100]
	expect := func(want map[string]float64) {
		t.Helper()
		for series, n := range want {
			if got := g.counter(t, series); got != n {
				t.Errorf("%s %v; want %v", series, got, n)
			}
		}
	}
	expect(map[string]float64{knownParts: 0, computedParts: 0, rowsOfPasses: 0, passes: 0})
	g.ask(t, 1, items)
	expect(map[string]float64{knownParts: 0, computedParts: 100, rowsOfPasses: 100, passes: 1})
	g.ask(t, 2, items)
	expect(map[string]float64{knownParts: 100, computedParts: 100, rowsOfPasses: 200, passes: 2})
	g.infer(t, 1, 1, items[:7])
	expect(map[string]float64{knownParts: 100, computedParts: 100, rowsOfPasses: 207, passes: 3})
	g.hang(t, 2)
	g.ask(t, 2, items)
	expect(map[string]float64{knownParts: 100, computedParts: 200, rowsOfPasses: 307, passes: 4})
}

func TestRankingsDuringReloadsAreOfOneLoad(t *testing.T) {
	var whole [2]*gallery
	for load := range whole {
		whole[load] = startGallery(t, uint64(load), unkept)
	}
	g := startGallery(t, 0, func(cfg *config.Config) {
		cfg.Cache.Size, cfg.ONNX.ItemParts = 0, 256<<10 // fewer places than items
	})
	draws := make([]int, galleryItems+20)
	for i := range draws {
		draws[i] = i
	}
	var expected [galleryUsers][2]map[string]float64
	for user := range expected {
		for load := range whole {
			expected[user][load] = map[string]float64{}
			for _, item := range whole[load].ask(t, user, draws).Items {
				expected[user][load][item.ID] = item.Score
			}
		}
	}
	done := make(chan struct{})
	var reloads sync.WaitGroup
	reloads.Go(func() {
		for load := uint64(1); ; load++ {
			select {
			case <-done:
				return
			default:
				g.hang(t, load%2)
			}
		}
	})
	var workers sync.WaitGroup
	for worker := range 6 {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 4))
			for range 25 {
				user := random.IntN(galleryUsers)
				r := g.ask(t, user, someItems(random, 1+random.IntN(120)))
				if first, second := r.of(expected[user][0]), r.of(expected[user][1]); first != "" && second != "" {
					t.Errorf("user %d: %s by the one load, and %s by the other", user, first, second)
				}
			}
		})
	}
	workers.Wait()
	close(done)
	reloads.Wait()
}

// of says which score is none of a load's, "" if all are.
func (r *ranking) of(scores map[string]float64) string {
	for _, item := range r.Items {
		if want, ok := scores[item.ID]; !ok || !near(item.Score, want) {
			return fmt.Sprintf("item %s scores %v and not %v", item.ID, item.Score, want)
		}
	}
	return ""
}

func TestAVersionThatIsUnloadedLeavesNothingOfItsParts(t *testing.T) {
	const size, times, slack = 1 << 30, 6, 2 << 30
	g := startGallery(t, 1, func(cfg *config.Config) { cfg.Cache.Size, cfg.ONNX.ItemParts = 0, size })
	whole := startGallery(t, 1, unkept)
	items := someItems(rand.New(rand.NewPCG(1, 1)), 150)
	want := whole.ask(t, 1, items)
	check := func(version string) {
		t.Helper()
		r := g.ask(t, 1, items)
		if difference := alike(r, want); difference != "" || r.Version != version {
			t.Errorf("version %s answers: %s", r.Version, difference)
		}
	}
	check("1")
	second := filepath.Join(g.cfg.Models.Repository, "mid", "2")
	before := mapped(t)
	for range times {
		if err := os.MkdirAll(second, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(second, "model.onnx"), []byte(graph(t, "mid")), 0o600); err != nil {
			t.Fatal(err)
		}
		g.v2(t, "POST", "/repository/models/mid/load", "", 200, nil)
		check("2")
		if err := os.RemoveAll(second); err != nil {
			t.Fatal(err)
		}
		g.v2(t, "POST", "/repository/models/mid/load", "", 200, nil)
		check("1")
	}
	if grown := mapped(t) - before; grown > slack {
		t.Errorf("after %d versions that came and went %d MiB more are mapped", 2*times, grown>>20)
	}
	g.v2(t, "POST", "/repository/models/mid/unload", "", 200, nil)
	if text := get(t, "http://"+g.admin.Addr().String()+"/metrics"); strings.Contains(text, "item_parts") {
		t.Error("the metrics still show a version that is gone")
	}
}

// mapped is the bytes of address space that this process has.
func mapped(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var pages int
	if _, err := fmt.Sscan(string(content), &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// A version that nobody asks any more would otherwise hold all features of the load
// before, since it is a pass that learns of new ones.
func TestAReloadLetsGoOfRowsOfVersionsThatNobodyAsks(t *testing.T) {
	g := startGallery(t, 1, uncached)
	g.ask(t, 1, someItems(rand.New(rand.NewPCG(1, 1)), 50))
	old := weak.Make(g.itemRow(t))
	if runtime.GC(); old.Value() == nil {
		t.Fatal("a row of the load at hand is gone")
	}
	g.hang(t, 2)
	if runtime.GC(); old.Value() != nil {
		t.Error("a row of the old load is still held")
	}
}

// itemRow is a row that the feature store holds.
func (g *gallery) itemRow(t *testing.T) *features.Row {
	t.Helper()
	view := slices.IndexFunc(g.gateway.registry.Views, func(v features.View) bool { return v.Name == "item_stats" })
	q := features.Query{
		Request: &rank.Request{User: "1", Items: []rank.Item{{ID: "1"}}}, Items: []int32{0},
		Lookups: []features.Lookup{{View: view, Rows: make([]*features.Row, 1)}},
	}
	g.gateway.store.Fetch(&q, time.Now().Add(time.Minute))
	return q.Lookups[0].Rows[0]
}
