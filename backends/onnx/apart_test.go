//go:build cgo

package onnx

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/rankgate/rankgate/backends/onnx/cut"
	"github.com/rankgate/rankgate/model"
)

func owner(view string) Owner {
	switch view {
	case "item":
		return OfItems
	case "user":
		return OfRequest
	default:
		return OfPairs
	}
}

// mid is the spec of mid.onnx: columns of the user, then of the item.
func mid() *model.Spec {
	return &model.Spec{
		Inputs: []model.Input{{Name: "dense", Columns: append(columns("user", 32), columns("item", 96)...)}},
		Score:  []model.Head{{Output: "logits", Weight: 1}},
	}
}

// held is of rows that the store holds anyway.
func held(string) int { return 0 }

func apart(t testing.TB, s *Session) *Apart {
	t.Helper()
	a, err := runtimeOf(t).TakeApart(s, KeepParts{Size: 1 << 20, Owner: owner, Held: held})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, a)
	return a
}

func apartPass(t testing.TB, a *Apart, rows int) *ApartPass {
	t.Helper()
	p, err := a.NewPass(rows)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, p)
	return p
}

// world is rows of a feature store for mid.onnx.
type world struct{ users, items [][]float32 }

func newWorld() *world {
	random, w := rand.New(rand.NewPCG(3, 4)), &world{}
	some := func(n, width int) (rows [][]float32) {
		for range n {
			row := make([]float32, width)
			for i := range row {
				row[i] = float32(random.NormFloat64())
			}
			rows = append(rows, row)
		}
		return rows
	}
	w.users, w.items = some(20, 32), some(300, 96)
	return w
}

// ranking is a request: some items for a user.
type ranking struct {
	user  int
	items []int
}

// draw returns requests for so many rows in all.
func (w *world) draw(random *rand.Rand, rows int) (all []ranking) {
	for rows > 0 {
		n := 1 + random.IntN(rows)
		all = append(all, ranking{random.IntN(len(w.users)), random.Perm(len(w.items))[:n]})
		rows -= n
	}
	return all
}

// whole fills a pass of the whole graph.
func (w *world) whole(p *Pass, requests []ranking) {
	dense, at := p.Tensors().Inputs[0].Float32, 0
	for _, r := range requests {
		for _, item := range r.items {
			copy(dense[at*128:], w.users[r.user])
			copy(dense[at*128+32:], w.items[item])
			at++
		}
	}
}

// apart fills a pass of the graph taken apart.
func (w *world) apart(p *ApartPass, requests []ranking) {
	inputs, at := p.Tensors().Inputs, 0
	users, index, part := inputs[0].Float32, inputs[1].Int64, inputs[2].Part
	for slot, r := range requests {
		copy(users[slot*32:], w.users[r.user])
		rows := make([]unsafe.Pointer, len(r.items))
		for i, item := range r.items {
			rows[i] = unsafe.Pointer(&w.items[item])
			index[at+i] = int64(slot)
		}
		part.Fill(at, rows, 1)
		for _, item := range r.items {
			if part.Lacks(at) {
				copy(part.Columns.Float32[at*96:], w.items[item])
			}
			at++
		}
	}
}

func same(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-4*max(1, math.Abs(float64(b))) }

func TestAGraphTakenApartScoresLikeTheWhole(t *testing.T) {
	s := load(t, "mid.onnx", mid())
	a := apart(t, s)
	p, q, w, random := pass(t, s, 200), apartPass(t, a, 200), newWorld(), rand.New(rand.NewPCG(5, 6))
	for range 50 {
		rows := 1 + random.IntN(200)
		requests := w.draw(random, rows)
		w.whole(p, requests)
		w.apart(q, requests)
		want, err := p.Run(rows, len(requests))
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Run(rows, len(requests))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !same(got[i], want[i]) {
				t.Fatalf("%v: row %d: %v; the whole graph gives %v", requests, i, got[i], want[i])
			}
		}
	}
	if known, computed := a.Stats(); computed > known/5 { // there are 300 items, and some are twice in a pass
		t.Errorf("%d rows were known, %d computed", known, computed)
	}
	if view := a.View(); view != "item" {
		t.Errorf("what is kept is of the view %q", view)
	}
}

func TestPassesOfAGraphTakenApartRunSideBySide(t *testing.T) {
	s := load(t, "mid.onnx", mid())
	a, w := apart(t, s), newWorld()
	var wg sync.WaitGroup
	for worker := range 4 {
		p, q, random := pass(t, s, 40), apartPass(t, a, 40), rand.New(rand.NewPCG(7, uint64(worker)))
		wg.Go(func() {
			for range 100 {
				requests := w.draw(random, 40)
				w.whole(p, requests)
				w.apart(q, requests)
				want, err := p.Run(40, len(requests))
				got, other := q.Run(40, len(requests))
				if err != nil || other != nil {
					t.Error(err, other)
					return
				}
				for i := range want {
					if !same(got[i], want[i]) {
						t.Errorf("%v: row %d: %v; the whole graph gives %v", requests, i, got[i], want[i])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestWhyAGraphIsLeftWhole(t *testing.T) {
	narrow := mid()
	narrow.Inputs[0].Columns = append(columns("user", 65), columns("item", 63)...)
	others := mid()
	others.Inputs[0].Columns = columns("user", 128)
	for name, c := range map[string]struct {
		file string
		spec *model.Spec
		want string
	}{
		"few columns of an item": {"mid.onnx", narrow, "it reads 63 numbers"},
		"none":                   {"mid.onnx", others, "it reads 0 numbers"},
		"once per request":       {"towers.onnx", towers(), "it reads 3 numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, c.file, c.spec)
			_, err := runtimeOf(t).TakeApart(s, KeepParts{Size: 1 << 20, Owner: owner, Held: held})
			if !errors.Is(err, ErrWhole) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
			if _, err := pass(t, s, 4).Run(4, 1); err != nil {
				t.Errorf("the session runs no more: %v", err)
			}
		})
	}
}

func TestTheLayerThatSavesMostIsChosen(t *testing.T) {
	sig, float := &model.Signature{}, model.Tensor{Type: model.Float32}
	feed := func(name string, views ...string) *cut.Layer {
		f := model.Feed{Tensor: float}
		f.Name = name
		for _, view := range views {
			f.Columns, f.Widths = append(f.Columns, model.Column{View: view, Name: "v"}), append(f.Widths, 70)
			f.Width += 70
		}
		sig.Inputs = append(sig.Inputs, f)
		return &cut.Layer{Inputs: []string{name}, Widths: []int{f.Width}, Columns: f.Width, Width: 64}
	}
	scalar, deep, twice := feed("scalar", "item"), feed("deep", "item", "pair"), feed("twice", "item", "item", "pair")
	scalar.Width = 1
	for want, layers := range map[*cut.Layer][]*cut.Layer{
		deep:  {scalar, deep},
		twice: {scalar, deep, twice},
	} {
		best, l, err := chooseLayer(sig, layers, owner)
		if err != nil || best != want || l.view != "item" {
			t.Errorf("of %d layers %v is chosen, error %v; want %v", len(layers), best, err, want)
		}
	}
	if _, _, err := chooseLayer(sig, []*cut.Layer{scalar}, owner); err == nil || !strings.Contains(err.Error(), "1 wide") {
		t.Errorf("of a layer that gives one number: %v", err)
	}
}

func TestFewColumnsOfARequestStayInEachRow(t *testing.T) {
	spec := mid()
	spec.Inputs[0].Columns = slices.Concat(columns("user", minPerRequest-1), columns("item", 100), columns("pair", 5))
	a := apart(t, load(t, "mid.onnx", spec))
	if n := len(a.sig.Inputs); n != 2 || a.sig.Inputs[0].Width != minPerRequest-1+5 || a.sig.Inputs[0].PerRequest {
		t.Errorf("the graph is fed by %d inputs, the first of them %+v", n, a.sig.Inputs[0])
	}
}

func TestRowsThatOnlyTheirPartsHoldCount(t *testing.T) {
	s := load(t, "mid.onnx", mid())
	for held, want := range map[int]int{0: 1 << 20 / (4*256 + 8), 1000: 1 << 20 / (4*256 + 8 + 1000)} {
		a, err := runtimeOf(t).TakeApart(s, KeepParts{Size: 1 << 20, Owner: owner, Held: func(string) int { return held }})
		if err != nil {
			t.Fatal(err)
		}
		if places := len(a.memory) / (4 * 256); places != want {
			t.Errorf("with %d bytes of a row there is room for %d rows; want %d", held, places, want)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The last check before a graph is used must see when columns are mixed up.
func TestAGraphTakenApartWronglyIsNotUsed(t *testing.T) {
	s := load(t, "mid.onnx", mid())
	a := apart(t, s)
	if err := a.check(s); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{3, 60} { // of the user, of the item
		columns := a.layout.stretches
		columns[at].to, columns[at+1].to = columns[at+1].to, columns[at].to
		if err := a.check(s); err == nil || !strings.Contains(err.Error(), "where the whole graph scores") {
			t.Errorf("with columns %d and %d mixed up: %v", at, at+1, err)
		}
		columns[at].to, columns[at+1].to = columns[at+1].to, columns[at].to
	}
}

// What makes scores differ by most may be another input. It must not hide the layer.
func TestWhatElseAScoreDependsOnHidesNoMixedUpColumns(t *testing.T) {
	s := load(t, "gate.onnx", &model.Spec{
		Inputs: []model.Input{{Name: "dense", Columns: columns("item", 64)}, {Name: "gate", Columns: columns("pair", 32)}},
		Score:  []model.Head{{Output: "score", Weight: 1}},
	})
	a := apart(t, s)
	columns := a.layout.stretches
	columns[3].to, columns[4].to = columns[4].to, columns[3].to
	if err := a.check(s); err == nil || !strings.Contains(err.Error(), "where the whole graph scores") {
		t.Errorf("with columns mixed up: %v", err)
	}
}

// A finite number may be so large that what is computed of it is not.
func TestHugeColumnsOfOneRequestLeaveTheOthersAlone(t *testing.T) {
	s := load(t, "mid.onnx", mid())
	a, w, random := apart(t, s), newWorld(), rand.New(rand.NewPCG(8, 9))
	for i := range w.users[0] {
		w.users[0][i] = math.MaxFloat32
	}
	p, q := pass(t, s, 20), apartPass(t, a, 20)
	requests := []ranking{{1, random.Perm(300)[:8]}, {0, random.Perm(300)[:4]}, {2, random.Perm(300)[:8]}}
	w.whole(p, requests)
	w.apart(q, requests)
	want, err := p.Run(20, 3)
	got, other := q.Run(20, 3)
	if err != nil || other != nil {
		t.Fatal(err, other)
	}
	for i := range want {
		if (i < 8 || i >= 12) && !same(got[i], want[i]) {
			t.Errorf("row %d: %v; the whole graph gives %v", i, got[i], want[i])
		}
	}
}

func TestASteadyLoadOfAGraphTakenApartAllocatesNothing(t *testing.T) {
	a, w := apart(t, load(t, "mid.onnx", mid())), newWorld()
	p := apartPass(t, a, 64)
	w.apart(p, []ranking{{0, rand.Perm(300)[:64]}})
	if n := testing.AllocsPerRun(100, func() { p.Run(64, 1) }); n != 0 {
		t.Errorf("a pass allocates %v times; want 0", n)
	}
}

// BenchmarkApart is a pass of 200 rows, with its items' parts to find, beside one of the
// whole graph, whose columns are there.
func BenchmarkApart(b *testing.B) {
	s := load(b, "mid.onnx", mid())
	a, w := apart(b, s), newWorld()
	requests := []ranking{{0, rand.Perm(300)[:200]}}
	b.Run("whole", func(b *testing.B) {
		p := pass(b, s, 200)
		for b.Loop() {
			if _, err := p.Run(200, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("apart", func(b *testing.B) {
		p := apartPass(b, a, 200)
		for b.Loop() {
			w.apart(p, requests)
			if _, err := p.Run(200, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}
