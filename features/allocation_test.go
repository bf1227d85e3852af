package features

import (
	"fmt"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

func TestFetchAndWriteAllocateNothing(t *testing.T) {
	s := newShop(t)
	s.reg.Context = []Column{{Name: "device", Type: model.String, Vocabulary: []string{"ios", "android"}}}
	plan, sig := planFor(t, s.reg, "user_stats.f00", "item_stats.f03", "user_item.f01", "missing(user_item.f01)",
		"context.device", "context.hour", "request.price", "request.stock", "item_stats.f04")
	for _, n := range []int{200, 500} {
		requests, items := s.requests(n)
		for _, req := range requests {
			req.Context = []rank.Field{word("device", "ios"), whole("hour", 13)}
			for i := range req.Items {
				req.Items[i].From, req.Items[i].To = int32(2*i), int32(2*i+2)
				req.Fields = append(req.Fields, float("price", 9.5), whole("stock", int64(i)))
			}
		}
		tensors, now := tensorsFor(sig, n, 1), time.UnixMilli(1_000_000)
		var rows Rows
		i := 0
		got := testing.AllocsPerRun(100, func() {
			req := requests[i%len(requests)]
			i++
			if plan.ContextDigest(req) == plan.ItemDigest(req, 0) {
				t.Error("two digests are the same")
			}
			plan.Fetch(s.store, req, items, now, time.Time{}, &rows)
			rows.Write(tensors, 0, rows.Len(), 0, 0)
			rows.Reset()
		})
		if got != 0 || rows.Len() != 0 {
			t.Errorf("%d candidates: %v allocations; want none", n, got)
		}
	}
}

func TestADigestOfManyFieldsAllocatesNothing(t *testing.T) {
	var columns []string
	req := &rank.Request{Items: []rank.Item{{To: 100}}}
	for i := range 100 {
		columns = append(columns, fmt.Sprint("request.f", i))
		req.Fields = append(req.Fields, word(fmt.Sprint("f", i), "word"))
	}
	plan, _ := planFor(t, twoViews(), columns...)
	sum := uint64(0)
	if got := testing.AllocsPerRun(100, func() { sum += plan.ItemDigest(req, 0) }); got != 0 {
		t.Errorf("%v allocations; want none", got)
	}
}
