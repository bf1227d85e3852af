package router

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// adder scores a row with the sum of its inputs, which are the item's price,
// context.hour and request.boost.
type adder struct {
	late bool  // refuses everything, as if the budget were spent
	seen []int // rows of each call
	turn func(float32) float32
}

func (*adder) Cost(int) time.Duration { return 0 }

func (a *adder) Fits(int, time.Time, time.Time, rank.Criticality) bool { return !a.late }

func (a *adder) Score(w *batcher.Work) error {
	n := w.Rows.Len()
	a.seen = append(a.seen, n)
	t := model.Tensors{Inputs: []model.Buffer{{Width: 3, Float32: make([]float32, 3*n)}}}
	w.Rows.Write(&t, 0, n, 0, 0)
	for i := range n {
		in := t.Inputs[0].Float32[3*i:]
		w.Scores[i] = in[0] + in[1] + in[2]
		if a.turn != nil {
			w.Scores[i] = a.turn(w.Scores[i])
		}
	}
	return nil
}

// bench is a router over one model whose items "0" to "999" cost their number.
type bench struct {
	t       testing.TB
	router  *Router
	store   *features.Memory
	scorers map[string]*adder // by version
	version *Version          // stable
	seen    observed
}

type observed struct{ requests, errors int }

func (o *observed) Observe(_ *rank.Request, _ *rank.Result, err error) {
	o.requests++
	if err != nil {
		o.errors++
	}
}

var registry = &features.Registry{
	Entities: []features.Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.String}},
	Views: []features.View{{
		Name: "item_stats", Entities: []string{"item"},
		Columns: []features.Column{{Name: "price", Type: model.Float32}},
	}},
}

var signature = &model.Signature{Inputs: []model.Feed{{
	Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, 3}}, Width: 3,
	Columns: []model.Column{{View: "item_stats", Name: "price"}, {View: "context", Name: "hour"}, {View: "request", Name: "boost"}},
}}}

func newBench(t testing.TB, canaryPercent float64) *bench {
	t.Helper()
	b := &bench{t: t, store: features.NewMemory(registry), scorers: map[string]*adder{}}
	b.fill(0)
	m := &Model{Name: "ranker", Versions: map[string]*Version{}, Split: NewSplit("ranker", canaryPercent)}
	for i, number := range []string{"3", "4"} {
		plan, err := features.Compile(registry, signature)
		if err != nil {
			t.Fatal(err)
		}
		b.scorers[number] = &adder{}
		m.Versions[number] = &Version{
			Spec: &model.Spec{Name: "ranker", Version: number, Fallback: 0.5}, ID: uint64(i), Plan: plan, Scorer: b.scorers[number],
		}
	}
	m.Stable, m.Canary = m.Versions["3"], m.Versions["4"]
	b.version = m.Stable
	scores, err := cache.New(cache.Config{Size: 4 << 20, TTL: time.Minute, MaxStale: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scores.Close() })
	b.store.Inform(scores)
	catalogue := &Catalogue{}
	catalogue.Swap(NewSnapshot([]*Model{m}, "ranker"))
	b.router = New(catalogue, scores, b.store, &b.seen)
	return b
}

// fill makes every item cost its number plus extra.
func (b *bench) fill(extra float32) {
	b.t.Helper()
	builder := features.NewBuilder(registry)
	for i := range 1000 {
		if err := builder.Add("item_stats", []string{fmt.Sprint(i)}, float32(i)+extra); err != nil {
			b.t.Fatal(err)
		}
	}
	b.store.Swap(builder)
}

func request(user string, ids ...string) *rank.Request {
	req := &rank.Request{User: user, Start: time.Now(), Deadline: time.Now().Add(time.Second)}
	for _, id := range ids {
		req.Items = append(req.Items, rank.Item{ID: id})
	}
	return req
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func (b *bench) rank(req *rank.Request) *rank.Result {
	b.t.Helper()
	res := &rank.Result{}
	if err := b.router.Rank(req, res); err != nil {
		b.t.Fatal(err)
	}
	total := 0
	for _, n := range res.Coverage {
		total += n
	}
	if total != len(req.Items) {
		b.t.Fatalf("coverage %v sums to %d; there are %d candidates", res.Coverage, total, len(req.Items))
	}
	return res
}

// order returns the ids of the answer, best first.
func order(req *rank.Request, res *rank.Result) string {
	var ids []string
	for _, i := range res.Order {
		ids = append(ids, req.Items[i].ID)
	}
	return strings.Join(ids, " ")
}

func TestTheBestCandidateComesFirst(t *testing.T) {
	b := newBench(t, 0)
	req := request("u", "5", "900", "17")
	res := b.rank(req)
	if got := order(req, res); got != "900 17 5" || res.Scores[0] != 5 || res.Degraded {
		t.Errorf("order %s, scores %v, degraded %v", got, res.Scores, res.Degraded)
	}
	req.TopK = 2
	if got := order(req, b.rank(req)); got != "900 17" {
		t.Errorf("top 2 are %s", got)
	}
}

func TestTiesKeepTheCallersOrder(t *testing.T) {
	b := newBench(t, 0)
	negative := float32(math.Copysign(0, -1))
	b.scorers["3"].turn = func(s float32) float32 {
		if s == 2 {
			return negative
		}
		return 0
	}
	req := request("u", "1", "2", "3")
	if got := order(req, b.rank(req)); got != "1 2 3" {
		t.Errorf("order of equal scores is %s; want the caller's", got)
	}
}

func TestOnlyCandidatesThatAreNotCachedAreScored(t *testing.T) {
	b := newBench(t, 0)
	b.rank(request("u", numbers(0, 480)...))
	res := b.rank(request("u", numbers(0, 500)...))
	if seen := b.scorers["3"].seen; !slices.Equal(seen, []int{480, 20}) {
		t.Errorf("scored %v rows; want 480, then 20", seen)
	}
	if res.Coverage[rank.SourceCache] != 480 || res.Coverage[rank.SourceModel] != 20 || res.Scores[499] != 499 {
		t.Errorf("coverage %v, last score %v", res.Coverage, res.Scores[499])
	}
}

func TestTheContextIsPartOfWhatIsCached(t *testing.T) {
	b := newBench(t, 0)
	for hour := range int64(3) {
		for range 2 {
			req := request("u", "1", "2")
			req.Context = []rank.Field{{Name: "hour", Value: rank.Value{Kind: rank.Int, Int: hour, Float: float64(hour)}}, {Name: "noise"}}
			if res := b.rank(req); res.Scores[0] != 1+float32(hour) {
				t.Errorf("at %d o'clock item 1 scores %v", hour, res.Scores[0])
			}
		}
	}
	if seen := b.scorers["3"].seen; len(seen) != 3 {
		t.Errorf("%d passes; want one per hour", len(seen))
	}
}

func TestADuplicateIsScoredOnceAndReturnedEachTime(t *testing.T) {
	b := newBench(t, 0)
	req := request("u", "7", "9", "7", "7")
	res := b.rank(req)
	if got := order(req, res); got != "9 7 7 7" || !slices.Equal(b.scorers["3"].seen, []int{2}) {
		t.Errorf("order %s, scored %v", got, b.scorers["3"].seen)
	}
}

func TestTheSameItemWithOtherFeaturesIsAnotherCandidate(t *testing.T) {
	b := newBench(t, 0)
	req := request("u", "7", "7", "7")
	req.Fields = []rank.Field{{Name: "boost", Value: rank.Value{Kind: rank.Float, Float: 100}}}
	req.Items[1].To = 1
	res := b.rank(req)
	if res.Scores[0] != 7 || res.Scores[1] != 107 || res.Scores[2] != 7 || !slices.Equal(b.scorers["3"].seen, []int{2}) {
		t.Errorf("scores %v, scored %v rows", res.Scores, b.scorers["3"].seen)
	}
}

func TestWhatTheModelCannotScoreComesLastAndIsCounted(t *testing.T) {
	b := newBench(t, 0)
	for _, broken := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		b.scorers["3"].turn = func(s float32) float32 {
			if s == 900 {
				return float32(broken)
			}
			return s
		}
		req := request(fmt.Sprint(broken), "5", "900", "17")
		res := b.rank(req)
		if got := order(req, res); got != "17 5 900" || !res.Degraded || res.Coverage[rank.SourceFallback] != 1 || res.Scores[1] != 0.5 {
			t.Errorf("%v: order %s, scores %v, coverage %v", broken, got, res.Scores, res.Coverage)
		}
	}
}

func TestAFallbackNeverOutranksAScore(t *testing.T) {
	b := newBench(t, 0)
	b.scorers["3"].turn = func(s float32) float32 {
		if s == 900 {
			return float32(math.NaN())
		}
		return -s
	}
	req := request("u", "5", "900", "17")
	res := b.rank(req)
	if got := order(req, res); got != "5 17 900" || res.Scores[1] != -17 {
		t.Errorf("order %s, scores %v; the fallback is at most the lowest score", got, res.Scores)
	}
}

func TestASpentBudgetIsAnsweredWithWhatIsKnown(t *testing.T) {
	b := newBench(t, 0)
	b.rank(request("u", "1", "2"))
	b.scorers["3"].late = true
	req := request("u", "1", "2", "3")
	res := b.rank(req)
	if got := order(req, res); got != "2 1 3" || !res.Degraded || res.Coverage != [rank.NumSources]int{1, 0, 2, 0} {
		t.Errorf("order %s, degraded %v, coverage %v", got, res.Degraded, res.Coverage)
	}
}

func TestScoresOfSwappedFeaturesAreStale(t *testing.T) {
	b := newBench(t, 0)
	b.rank(request("u", "1", "2"))
	b.fill(100)
	b.scorers["3"].late = true
	if res := b.rank(request("u", "1", "2")); res.Coverage[rank.SourceStale] != 2 || res.Scores[0] != 1 || !res.Degraded {
		t.Errorf("without budget: coverage %v, scores %v; want the stale ones", res.Coverage, res.Scores)
	}
	b.scorers["3"].late = false
	if res := b.rank(request("u", "1", "2")); res.Coverage[rank.SourceModel] != 2 || res.Scores[0] != 101 {
		t.Errorf("with budget: coverage %v, scores %v; want new ones", res.Coverage, res.Scores)
	}
}

// swapping replaces all features whenever something is fetched.
type swapping struct {
	*features.Memory
	fill func()
}

func (s *swapping) Fetch(q *features.Query, deadline time.Time) {
	s.fill()
	s.Memory.Fetch(q, deadline)
}

func TestAnAnswerThatMixesOldAndNewFeaturesSaysSo(t *testing.T) {
	b := newBench(t, 0)
	b.rank(request("u", "1", "2"))
	b.router.store = &swapping{b.store, func() { b.fill(100) }}
	res := b.rank(request("u", "1", "2", "3"))
	if res.Coverage[rank.SourceStale] != 2 || res.Coverage[rank.SourceModel] != 1 || res.Scores[2] != 103 || !res.Degraded {
		t.Errorf("coverage %v, scores %v, degraded %v; want two stale scores", res.Coverage, res.Scores, res.Degraded)
	}
}

func TestExplainShowsEveryCandidate(t *testing.T) {
	b := newBench(t, 0)
	b.rank(request("u", "1"))
	req := request("u", "1", "none", "1")
	req.Explain = true
	res := b.rank(req)
	if len(res.Features) != 3 {
		t.Fatalf("%d candidates are explained; want 3", len(res.Features))
	}
	f := func(item int, value float32, status rank.Status) {
		t.Helper()
		got := res.Features[item][0]
		if got.Name != "item_stats.price" || got.Value != value || got.Status != status {
			t.Errorf("item %d: %+v; want %v, %v", item, got, value, status)
		}
	}
	f(0, 1, rank.Present)
	f(1, 0, rank.Missing)
	f(2, 1, rank.Present)
}

func TestAContextThatTheModelCannotReadIsRefused(t *testing.T) {
	b := newBench(t, 0)
	req := request("u", "1")
	req.Context = []rank.Field{{Name: "hour", Value: rank.Value{Kind: rank.String, Str: "noon"}}}
	err := b.router.Rank(req, &rank.Result{})
	var refused *rank.Error
	if !errors.As(err, &refused) || refused.Code != rank.InvalidRequest || !strings.Contains(refused.Message, "context.hour") {
		t.Errorf("Rank = %v; want invalid_request that names context.hour", err)
	}
	if b.seen != (observed{requests: 1, errors: 1}) {
		t.Errorf("observed %+v", b.seen)
	}
}
