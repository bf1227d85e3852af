package rpc

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/edge/rpc/rankgatev1"
	"github.com/rankgate/rankgate/rank"
)

// encoded is a request for n items with features each.
func encoded(t testing.TB, n, features int) []byte {
	t.Helper()
	r := request()
	r.Id, r.TopK, r.BudgetMs = "r-1", 20, 50
	r.Context = map[string]*rankgatev1.Value{"device": {Kind: &rankgatev1.Value_StringValue{StringValue: "ios"}}}
	for i := range n {
		item := &rankgatev1.Item{Id: fmt.Sprint(100_000 + i)}
		for j := range features {
			if item.Features == nil {
				item.Features = make(map[string]*rankgatev1.Value)
			}
			item.Features[fmt.Sprint("feature_", j)] = &rankgatev1.Value{Kind: &rankgatev1.Value_FloatValue{FloatValue: float64(i + j)}}
		}
		r.Items = append(r.Items, item)
	}
	message, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestDecodingAndEncodingAllocateNothing(t *testing.T) {
	message := encoded(t, 500, 3)
	var d decoder
	var req rank.Request
	var res rank.Result
	var out []byte
	if allocs := testing.AllocsPerRun(20, func() {
		edge.Recycle(&req, &res)
		if _, bad := d.decode(message, edge.DefaultConfig().Limits, &req); bad != nil {
			t.Fatal(bad)
		}
		_ = descending(&req, &res)
		out = appendResult(out[:0], &req, &res, time.Millisecond)
	}); allocs > 0 {
		t.Errorf("%v allocations for 500 items with 3 features; want none", allocs)
	}
	if len(req.Items) != 500 || len(req.Features(499)) != 3 || len(out) > resultSize(&req, &res) {
		t.Errorf("%d items, %d features, %d bytes; want 500, 3, and at most %d", len(req.Items), len(req.Features(499)), len(out), resultSize(&req, &res))
	}
}

func TestNamesGivenTwiceAreRefused(t *testing.T) {
	entry := func(name string) []byte { return protofield.AppendText(nil, 1, name) }
	item := func(names ...string) []byte {
		b := protofield.AppendText(nil, 1, "1")
		for _, name := range names {
			b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), entry(name))
		}
		return b
	}
	for _, c := range []struct {
		items [][]byte
		want  string
	}{
		{[][]byte{item("a", "b"), item("b", "a")}, ""},
		{[][]byte{item("a", "a")}, "items[0].features.a: given twice"},
		{[][]byte{item("a", "b"), item("a", "b", "a")}, "items[1].features.a: given twice"},
		{[][]byte{item("a", "b"), item("b", "b")}, "items[1].features.b: given twice"},
		{[][]byte{protofield.AppendText(nil, 1, "\xff")}, "items[0].id: not valid UTF-8"},
		{[][]byte{item("\xff")}, `items[0].features."\xff": not valid UTF-8`},
		{[][]byte{{0x0a, 0x7f}}, "items[0]: malformed protobuf"},
		{[][]byte{{0x08, 0x01}}, "items[0]: malformed protobuf"},
	} {
		message := protofield.AppendText(nil, 3, "42")
		for _, item := range c.items {
			message = protowire.AppendBytes(protowire.AppendTag(message, 4, protowire.BytesType), item)
		}
		var d decoder
		_, bad := d.decode(message, edge.DefaultConfig().Limits, new(rank.Request))
		if bad == nil && c.want != "" || bad != nil && bad.Message != c.want {
			t.Errorf("got %v; want %s", bad, c.want)
		}
	}
}

func TestWhatIsNotKnownIsPassedOver(t *testing.T) {
	s := start(t, settings(), descending)
	message := encoded(t, 2, 1)
	message = protofield.AppendNumber(protofield.AppendText(message, 99, "later"), 98, 7)
	var out oip.Frame
	err := s.dial(t).Invoke(t.Context(), "/rankgate.v1.Ranking/Rank", frame(message), &out, forceFrames)
	refused(t, "an unknown field", err, codes.OK, "")
}

// FuzzDecode holds the decoder to the generated code: what one reads, so does the other.
func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, 3, 2))
	f.Add(encoded(f, 1, 0)[:7])
	f.Add([]byte{0x1a, 0x01, '4', 0x22, 0x03, 0x0a, 0x01, '1', 0x2a, 0x02, 0x12, 0x00})
	f.Fuzz(func(t *testing.T, message []byte) {
		limits := edge.DefaultConfig().Limits
		limits.Candidates, limits.Features = 8, 4
		var d decoder
		var req rank.Request
		_, bad := d.decode(message, limits, &req)
		var want rankgatev1.RankRequest
		err := proto.Unmarshal(message, &want)
		if bad != nil {
			return // it may be stricter
		}
		if err != nil {
			t.Fatalf("read what the generated code does not: %v", err)
		}
		if len(req.Items) > limits.Candidates || len(req.Context) > limits.Features {
			t.Fatalf("%d items, %d context features: above their limits", len(req.Items), len(req.Context))
		}
		if req.User != want.GetUser() || req.ID != want.GetId() || req.Model != want.GetModel() || req.Pin != want.GetVersion() ||
			req.TopK != int(want.GetTopK()) || req.Explain != want.GetExplain() || len(req.Items) != len(want.GetItems()) {
			t.Fatalf("got %+v; want %v", req, &want)
		}
		compare(t, &req, req.Context, want.GetContext())
		for i, item := range want.GetItems() {
			if req.Items[i].ID != item.GetId() {
				t.Fatalf("item %d is %q; want %q", i, req.Items[i].ID, item.GetId())
			}
			compare(t, &req, req.Features(int32(i)), item.GetFeatures())
		}
	})
}

// compare compares features with those that the generated code has read.
func compare(t *testing.T, req *rank.Request, got []rank.Field, want map[string]*rankgatev1.Value) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d features; want %d", len(got), len(want))
	}
	for _, f := range got {
		v, same := want[f.Name], false
		switch f.Value.Kind {
		case rank.Null:
			same = v.GetKind() == nil
		case rank.Bool:
			same = v.GetBoolValue() == (f.Value.Int != 0)
		case rank.Int:
			same = v.GetIntValue() == f.Value.Int
		case rank.Float:
			same = v.GetFloatValue() == f.Value.Float
		case rank.String:
			same = v.GetStringValue() == f.Value.Str
		case rank.Vector:
			same = fmt.Sprint(v.GetFloats().GetValues()) == fmt.Sprint(req.Floats[f.Value.From:f.Value.To])
		}
		if !same {
			t.Fatalf("feature %q is %+v; want %v", f.Name, f.Value, v)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, features := range []int{0, 3} {
		message := encoded(b, 200, features)
		b.Run(fmt.Sprintf("200_items_%d_features", features), func(b *testing.B) {
			var d decoder
			var req rank.Request
			b.ReportAllocs()
			for b.Loop() {
				req.Reset()
				if _, bad := d.decode(message, edge.DefaultConfig().Limits, &req); bad != nil {
					b.Fatal(bad)
				}
			}
		})
		b.Run(fmt.Sprintf("200_items_%d_features_generated", features), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := proto.Unmarshal(message, new(rankgatev1.RankRequest)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	var d decoder
	var req rank.Request
	var res rank.Result
	if _, bad := d.decode(encoded(b, 200, 0), edge.DefaultConfig().Limits, &req); bad != nil {
		b.Fatal(bad)
	}
	req.TopK = 0
	_ = descending(&req, &res)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = appendResult(out[:0], &req, &res, time.Millisecond)
	}
}

func BenchmarkRank(b *testing.B) {
	for _, items := range []int{1, 200, 1000} {
		b.Run(fmt.Sprintf("%d_items", items), func(b *testing.B) {
			s := start(b, settings(), descending)
			conn, message := s.dial(b), encoded(b, items, 0)
			b.ReportAllocs()
			for b.Loop() {
				var out oip.Frame
				if err := conn.Invoke(b.Context(), "/rankgate.v1.Ranking/Rank", frame(message), &out, forceFrames); err != nil {
					b.Fatal(err)
				}
				out.Data.Free()
			}
		})
	}
}
