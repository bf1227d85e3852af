package rpc

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/rankgate/rankgate/edge/rpc/rankgatev1"
	"github.com/rankgate/rankgate/rank"
)

func TestARankingIsAnsweredAsDocumented(t *testing.T) {
	s := start(t, settings(), descending)
	r := request("1", "2", "3")
	r.Id, r.TopK = "r-1", 2
	got, err := s.ranking(t).Rank(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got.GetTookMs() <= 0 {
		t.Errorf("took %v ms; want more than 0", got.GetTookMs())
	}
	got.TookMs = 0
	want := &rankgatev1.RankResponse{
		Id: "r-1", Model: "ranker", Version: "3", Variant: "stable",
		Items: []*rankgatev1.RankedItem{
			{Id: "1", Score: 1, Source: rankgatev1.Source_SOURCE_MODEL}, {Id: "2", Score: 0.5, Source: rankgatev1.Source_SOURCE_MODEL},
		},
		Coverage: &rankgatev1.Coverage{Model: 3},
		StagesMs: &rankgatev1.Stages{Cache: 0.012, Features: 0.34, Infer: 1.5, Order: 0.005},
	}
	if !proto.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestAnExplainedAnswerSaysWhatEveryFeatureWas(t *testing.T) {
	s := start(t, settings(), func(req *rank.Request, res *rank.Result) error {
		_ = descending(req, res)
		res.Degraded = true
		res.Sources[0], res.Coverage = rank.SourceFallback, [rank.NumSources]int{1, 2, 3, 4}
		res.Features = [][]rank.Feature{{
			{Name: "a", Value: float32(1.5), Status: rank.Present}, {Name: "b", Value: int64(-2), Status: rank.NullValue},
			{Name: "c", Value: true, Status: rank.Missing}, {Name: "d", Value: "x\xff", Status: rank.Stale},
			{Name: "e", Value: []float32{1, 2}, Status: rank.Errored}, {Name: "f"},
		}}
		return nil
	})
	r := request("1")
	r.Explain = true
	got, err := s.ranking(t).Rank(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := new(rankgatev1.RankResponse)
	if err := prototext.Unmarshal([]byte(`model: "ranker" version: "3" variant: "stable" degraded: true
		items {id: "1" score: 1 source: SOURCE_FALLBACK
			features {name: "a" value {float_value: 1.5} status: STATUS_PRESENT}
			features {name: "b" value {int_value: -2} status: STATUS_NULL}
			features {name: "c" value {bool_value: true} status: STATUS_MISSING}
			features {name: "d" value {string_value: "x`+"\uFFFD"+`"} status: STATUS_STALE}
			features {name: "e" value {floats {values: [1, 2]}} status: STATUS_ERROR}
			features {name: "f" value {} status: STATUS_PRESENT}}
		coverage {model: 2 cache: 3 stale: 4 fallback: 1}`), want); err != nil {
		t.Fatal(err)
	}
	want.TookMs, want.StagesMs = got.GetTookMs(), got.GetStagesMs()
	if !proto.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestMessageAndMetadataSettleTheRequest(t *testing.T) {
	var got rank.Request
	s := start(t, settings(), func(req *rank.Request, res *rank.Result) error {
		got = rank.Request{
			ID: strings.Clone(req.ID), Model: strings.Clone(req.Model), Pin: strings.Clone(req.Pin),
			Canary: req.Canary, Class: req.Class, TopK: req.TopK, Explain: req.Explain,
		}
		got.Start, got.Deadline = req.Start, req.Deadline
		return descending(req, res)
	})
	client := s.ranking(t)
	for _, c := range []struct {
		message  string
		metadata []string
		want     rank.Request
		budget   time.Duration
	}{
		{``, nil, rank.Request{}, 50 * time.Millisecond},
		{`model: "m" version: "4" id: "b"`, []string{"x-request-id", "h", "x-model-version", "5"}, rank.Request{ID: "b", Model: "m", Pin: "4"}, 50 * time.Millisecond},
		{``, []string{"x-request-id", "h", "x-model-version", "5"}, rank.Request{ID: "h", Pin: "5"}, 50 * time.Millisecond},
		{`canary: CANARY_ALWAYS criticality: CRITICALITY_SHEDDABLE`, []string{"x-canary", "never", "x-criticality", "critical_plus"}, rank.Request{Canary: rank.CanaryAlways, Class: rank.Sheddable}, 50 * time.Millisecond},
		{``, []string{"x-canary", "never", "x-criticality", "critical_plus"}, rank.Request{Canary: rank.CanaryNever, Class: rank.CriticalPlus}, 50 * time.Millisecond},
		{`budget_ms: 12.5`, []string{"x-request-timeout-ms", "7"}, rank.Request{}, 12500 * time.Microsecond},
		{``, []string{"x-request-timeout-ms", "7", "x-envoy-expected-rq-timeout-ms", "8"}, rank.Request{}, 7 * time.Millisecond},
		{`budget_ms: 1e9 top_k: 3 explain: true`, nil, rank.Request{TopK: 3, Explain: true}, 2 * time.Second},
	} {
		r := new(rankgatev1.RankRequest)
		if err := prototext.Unmarshal([]byte(`user: "42" items {id: "1"} `+c.message), r); err != nil {
			t.Fatal(err)
		}
		_, err := client.Rank(with(t, c.metadata...), r)
		budget := got.Deadline.Sub(got.Start)
		got.Start, got.Deadline = time.Time{}, time.Time{}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) || budget != c.budget {
			t.Errorf("%s %q\n got %+v, budget %v, %v\nwant %+v, budget %v", c.message, c.metadata, got, budget, err, c.want, c.budget)
		}
	}
}

func TestACallsOwnDeadlineBoundsTheBudgetAndLeavesTheWayBack(t *testing.T) {
	var left time.Duration
	s := start(t, settings(), func(req *rank.Request, res *rank.Result) error {
		left = req.Deadline.Sub(req.Start)
		return descending(req, res)
	})
	client := s.ranking(t)
	for _, c := range []struct {
		deadline    time.Duration
		asked       float64
		least, most time.Duration
	}{
		{time.Second, 0, 51 * time.Millisecond, 998 * time.Millisecond}, // more than budget.default
		{time.Second, 1e9, 51 * time.Millisecond, 998 * time.Millisecond},
		{time.Second, 30, 30 * time.Millisecond, 30 * time.Millisecond},
		{time.Hour, 0, 2 * time.Second, 2 * time.Second},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
		r := request("1")
		r.BudgetMs = c.asked
		_, err := client.Rank(ctx, r)
		cancel()
		if err != nil || left < c.least || left > c.most {
			t.Errorf("with %v and %v ms the budget is %v, %v; want from %v to %v", c.deadline, c.asked, left, err, c.least, c.most)
		}
	}
}

func TestACallerWhoLeavesIsGone(t *testing.T) {
	begun, seen := make(chan struct{}), make(chan struct{})
	s := start(t, settings(), func(req *rank.Request, res *rank.Result) error {
		close(begun)
		await(req.Gone)
		close(seen)
		return descending(req, res)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	_, err := s.ranking(t).Rank(ctx, request("1"))
	refused(t, "a call that was cancelled", err, codes.Canceled, "context canceled")
	<-seen
	await(func() bool { return s.Stats().Gone.Load() == 1 })
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	var fail error
	s := start(t, settings(), func(*rank.Request, *rank.Result) error { return fail })
	client := s.ranking(t)
	for code, want := range map[rank.Code]codes.Code{
		rank.InvalidRequest: codes.InvalidArgument, rank.Unauthorized: codes.Unauthenticated, rank.UnknownModel: codes.NotFound,
		rank.TooLarge: codes.InvalidArgument, rank.Overloaded: codes.ResourceExhausted, rank.Unavailable: codes.Unavailable,
		rank.DeadlineExceeded: codes.DeadlineExceeded,
	} {
		fail = fmt.Errorf("router: %w", rank.Errorf(code, "why %v", code))
		_, err := client.Rank(t.Context(), request("1"))
		refused(t, code.String(), err, want, "why "+code.String())
		if n := s.Stats().Refused[code].Load(); n != 1 {
			t.Errorf("%v was counted %d times; want once", code, n)
		}
	}
	fail = errBroken
	_, err := client.Rank(t.Context(), request("1"))
	refused(t, "an error without a code", err, codes.Internal, "the gateway could not answer; its log says why")
}

func TestMistakesAreNamed(t *testing.T) {
	cfg := settings()
	cfg.Limits.Candidates, cfg.Limits.Features = 3, 2
	s := start(t, cfg, descending)
	client := s.ranking(t)
	for message, want := range map[string]string{
		``:                                    `user: missing`,
		`user: "1"`:                           `items: empty`,
		`user: "1" items {} `:                 `items[0].id: empty`,
		`user: "1" items {id: "1"} top_k: -1`: `top_k: -1: must be an integer from 0 to 2147483647`,
		`user: "1" items {id: "1"} budget_ms: -1`:                                            `budget_ms: -1: must be above 0, in milliseconds`,
		`user: "1" items {id: "1"} budget_ms: nan`:                                           `budget_ms: NaN: must be above 0, in milliseconds`,
		`user: "1" items {id: "1"} canary: 9`:                                                `canary: 9: must be CANARY_ALWAYS or CANARY_NEVER`,
		`user: "1" items {id: "1"} criticality: 9`:                                           `criticality: 9: must be one of ranking.proto's`,
		`user: "1" items {id: "1"} items {id: "2"} items {id: "3"} items {id: "4"}`:          `items: more than 3 candidates (limits.candidates)`,
		`user: "1" items {id: "1"} context {key: "a"} context {key: "b"} context {key: "c"}`: `context: more than 2 features (limits.features)`,
		`user: "1" items {id: "1"} items {id: "2" features {key: ""}}`:                       `items[1].features: a feature without a name`,
		`user: "1" items {id: "1" features {key: "p" value {float_value: inf}}}`:             `items[0].features.p: +Inf: must be a finite number`,
		`user: "1" items {id: "1"} context {key: "v" value {floats {values: [1, nan]}}}`:     `context.v[1]: NaN: must be a finite number`,
	} {
		r := new(rankgatev1.RankRequest)
		if err := prototext.Unmarshal([]byte(message), r); err != nil {
			t.Fatal(err)
		}
		_, err := client.Rank(t.Context(), r)
		refused(t, message, err, codes.InvalidArgument, want)
	}
	_, err := client.Rank(with(t, "x-canary", "sometimes"), request("1"))
	refused(t, "x-canary", err, codes.InvalidArgument, "X-Canary: sometimes: must be always or never")
	_, err = client.Rank(with(t, "x-request-timeout-ms", "soon"), request("1"))
	refused(t, "x-request-timeout-ms", err, codes.InvalidArgument, "X-Request-Timeout-Ms: soon: must be a number of milliseconds above 0")
}

func TestEveryKindOfFeatureArrives(t *testing.T) {
	type field struct {
		name  string
		value rank.Value
	}
	var context, features []field
	var floats []float32
	s := start(t, settings(), func(req *rank.Request, res *rank.Result) error {
		copied := func(fields []rank.Field) (all []field) {
			for _, f := range fields {
				f.Value.Str = strings.Clone(f.Value.Str)
				all = append(all, field{strings.Clone(f.Name), f.Value})
			}
			return all
		}
		context, features, floats = copied(req.Context), copied(req.Features(1)), append([]float32(nil), req.Floats...)
		return descending(req, res)
	})
	r := request("1", "2")
	one := func(name string, v *rankgatev1.Value) map[string]*rankgatev1.Value {
		return map[string]*rankgatev1.Value{name: v}
	}
	r.Items[1].Features = one("vector", &rankgatev1.Value{Kind: &rankgatev1.Value_Floats{Floats: &rankgatev1.Floats{Values: []float32{1, 2.5}}}})
	for _, c := range []struct {
		sent *rankgatev1.Value
		want rank.Value
	}{
		{&rankgatev1.Value{}, rank.Value{}},
		{&rankgatev1.Value{Kind: &rankgatev1.Value_BoolValue{BoolValue: true}}, rank.Value{Kind: rank.Bool, Int: 1}},
		{&rankgatev1.Value{Kind: &rankgatev1.Value_BoolValue{}}, rank.Value{Kind: rank.Bool}},
		{&rankgatev1.Value{Kind: &rankgatev1.Value_IntValue{IntValue: math.MinInt64}}, rank.Value{Kind: rank.Int, Int: math.MinInt64, Float: math.MinInt64}},
		{&rankgatev1.Value{Kind: &rankgatev1.Value_FloatValue{FloatValue: 9.5}}, rank.Value{Kind: rank.Float, Float: 9.5}},
		{&rankgatev1.Value{Kind: &rankgatev1.Value_StringValue{StringValue: "ios"}}, rank.Value{Kind: rank.String, Str: "ios"}},
		{&rankgatev1.Value{Kind: &rankgatev1.Value_Floats{Floats: &rankgatev1.Floats{}}}, rank.Value{Kind: rank.Vector, From: 2, To: 2}},
	} {
		r.Context = one("c", c.sent)
		if _, err := s.ranking(t).Rank(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if c.want.Kind == rank.Vector { // the item's may come first or last
			context[0].value.From, context[0].value.To = 2, 2
		}
		if fmt.Sprint(context) != fmt.Sprint([]field{{"c", c.want}}) {
			t.Errorf("context %v; want %v", context, c.want)
		}
		if len(features) != 1 || features[0].name != "vector" || features[0].value.Kind != rank.Vector || fmt.Sprint(floats) != "[1 2.5]" {
			t.Errorf("features %v of %v; want vector, [1 2.5]", features, floats)
		}
	}
}
