package features

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// shop is a store of 10,000 users, 50,000 items and 40 pairs per user of 1,000
// users, and the signature of a model that reads 64 floats of it.
type shop struct {
	reg   *Registry
	store *Memory
	sig   *model.Signature
	plan  *Plan
}

func newShop(tb testing.TB) *shop {
	tb.Helper()
	s := &shop{reg: &Registry{
		Entities: []Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.String}},
		Views: []View{
			{Name: "item_stats", Entities: []string{"item"}, TTL: time.Hour, Columns: floatColumns(40)},
			{Name: "user_item", Entities: []string{"user", "item"}, Columns: floatColumns(8)},
			{Name: "user_stats", Entities: []string{"user"}, Columns: floatColumns(16)},
		},
	}}
	b := NewBuilder(s.reg)
	random := rand.New(rand.NewPCG(1, 2))
	add := func(view string, width int, ids ...string) {
		values := make([]any, width)
		for i := range values {
			values[i] = random.Float32()
		}
		if err := b.AddAt(view, time.UnixMilli(1_000_000), ids, values...); err != nil {
			tb.Fatal(err)
		}
	}
	for i := range 50_000 {
		add("item_stats", 40, fmt.Sprint(i+1))
	}
	for u := range 10_000 {
		add("user_stats", 16, fmt.Sprint(u+1))
	}
	for u := range 1000 {
		for range 40 {
			add("user_item", 8, fmt.Sprint(u+1), fmt.Sprint(1+random.IntN(50_000)))
		}
	}
	s.store = NewMemory(s.reg)
	s.store.Swap(b)
	in := model.Feed{Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, 64}}, Width: 64}
	for _, v := range []int{2, 0, 1} {
		for _, c := range s.reg.Views[v].Columns {
			in.Columns = append(in.Columns, model.Column{View: s.reg.Views[v].Name, Name: c.Name})
		}
	}
	s.sig = &model.Signature{Inputs: []model.Feed{in}}
	var err error
	if s.plan, err = Compile(s.reg, s.sig); err != nil {
		tb.Fatal(err)
	}
	return s
}

func floatColumns(n int) []Column {
	columns := make([]Column, n)
	for i := range columns {
		columns[i] = Column{Name: fmt.Sprintf("f%02d", i), Type: model.Float32}
	}
	return columns
}

// requests are different draws of n candidates for different users.
func (s *shop) requests(n int) ([]*rank.Request, []int32) {
	random := rand.New(rand.NewPCG(3, 4))
	requests := make([]*rank.Request, 64)
	for i := range requests {
		req := &rank.Request{User: fmt.Sprint(1 + random.IntN(1000))}
		for range n {
			req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(1 + random.IntN(50_000))})
		}
		requests[i] = req
	}
	items := make([]int32, n)
	for i := range items {
		items[i] = int32(i)
	}
	return requests, items
}

// BenchmarkAssembly200x64 looks up 200 candidates in three views and writes
// them into a float32 tensor of 64 columns.
func BenchmarkAssembly200x64(b *testing.B) {
	s := newShop(b)
	requests, items := s.requests(200)
	tensors := tensorsFor(s.sig, 200, 1)
	now := time.UnixMilli(1_000_000)
	var rows Rows
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.plan.Fetch(s.store, requests[i%len(requests)], items, now, time.Time{}, &rows)
		rows.Write(tensors, 0, rows.Len(), 0, 0)
		i++
	}
}

// tensorsFor allocates the inputs of sig.
func tensorsFor(sig *model.Signature, rows, requests int) *model.Tensors {
	t := &model.Tensors{}
	for _, in := range sig.Inputs {
		n := rows
		if in.PerRequest {
			n = requests
		}
		b, n := model.Buffer{Width: in.Width}, n*in.Width
		switch in.Type {
		case model.Float32:
			b.Float32 = make([]float32, n)
		case model.Float64:
			b.Float64 = make([]float64, n)
		case model.Float16:
			b.Float16 = make([]uint16, n)
		case model.Int64:
			b.Int64 = make([]int64, n)
		case model.Int32:
			b.Int32 = make([]int32, n)
		case model.Bool:
			b.Bool = make([]bool, n)
		case model.String:
			b.String = make([]string, n)
		}
		t.Inputs = append(t.Inputs, b)
	}
	return t
}

// BenchmarkItemDigest500 digests three fields of each of 500 candidates.
func BenchmarkItemDigest500(b *testing.B) {
	plan, _ := planFor(b, twoViews(), "request.price", "request.stock", "request.shop")
	req := &rank.Request{}
	for i := range 500 {
		req.Fields = append(req.Fields, float("price", 9.5), whole("stock", int64(i)), word("shop", "berlin-mitte"))
		req.Items = append(req.Items, rank.Item{From: int32(3 * i), To: int32(3*i + 3)})
	}
	b.ReportAllocs()
	sum := uint64(0)
	for b.Loop() {
		for i := range req.Items {
			sum += plan.ItemDigest(req, int32(i))
		}
	}
}

// BenchmarkFetchItemFields200 reads three fields of each of 200 candidates and
// writes them into a tensor.
func BenchmarkFetchItemFields200(b *testing.B) {
	plan, sig := planFor(b, twoViews(), "request.price", "request.stock", "request.sale")
	req := &rank.Request{}
	var items []int32
	for i := range 200 {
		req.Fields = append(req.Fields, float("price", 9.5), whole("stock", int64(i)), float("sale", 0.5))
		req.Items = append(req.Items, rank.Item{From: int32(3 * i), To: int32(3*i + 3)})
		items = append(items, int32(i))
	}
	tensors := tensorsFor(sig, 200, 1)
	var rows Rows
	b.ReportAllocs()
	for b.Loop() {
		plan.Fetch(nil, req, items, time.UnixMilli(epoch), time.Time{}, &rows)
		rows.Write(tensors, 0, rows.Len(), 0, 0)
	}
}
