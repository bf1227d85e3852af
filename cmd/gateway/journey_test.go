package main

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/config"
)

func nothing(*config.Config) {}

func TestARequestTravelsThroughTheRealStages(t *testing.T) {
	f := startArithmetic(t, nothing)
	const request = `{"id":"r-1","user":7,"items":["3",{"id":"5","features":{"boost":0.5}},1999,"none"],
		"context":{"shift":100},"top_k":3,"budget_ms":2000}`
	want := []scored{{"1999", 72099}, {"5", 70105.5}, {"3", 70103}}
	for _, source := range []string{"model", "cache"} {
		r, header := f.rank(t, "/rank", request)
		if !reflect.DeepEqual(r.Items, want) || r.ID != "r-1" || r.Degraded || r.Coverage[source] != 4 {
			t.Errorf("%+v; want %v from the %s", r, want, source)
		}
		if header.Get("X-Rankgate-Version") != "1" || header.Get("X-Rankgate-Variant") != "stable" {
			t.Errorf("headers %v", header)
		}
		for _, stage := range []string{"cache", "features", "queue", "infer", "order"} {
			if !strings.Contains(header.Get("Server-Timing"), stage+";dur=") {
				t.Errorf("Server-Timing %q lacks %s", header.Get("Server-Timing"), stage)
			}
		}
	}
}

func TestModelsStandSideBySide(t *testing.T) {
	f := startArithmetic(t, nothing)
	for model, want := range map[string]float64{"sum": 70003, "towers": 7003} {
		if r, _ := f.rank(t, "/rank/"+model, body(7, []int{3}, `,"budget_ms":2000`)); r.Model != model || r.Items[0].Score != want {
			t.Errorf("%s: %+v; want %v", model, r, want)
		}
	}
}

func TestMetricsCountWhatHappened(t *testing.T) {
	f := startArithmetic(t, nothing)
	for range 3 {
		f.rank(t, "/rank", body(1, []int{1, 2, 3}, `,"budget_ms":2000`))
	}
	if res, err := http.Post(f.base+"/rank", "application/json", strings.NewReader("{")); err != nil {
		t.Fatal(err)
	} else {
		res.Body.Close()
	}
	res, err := http.Get("http://" + f.admin.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`rankgate_requests_total{model="sum",outcome="complete",variant="stable",version="1"} 3`,
		`rankgate_candidates_total{model="sum",source="cache",variant="stable",version="1"} 6`,
		`rankgate_candidates_total{model="sum",source="model",variant="stable",version="1"} 3`,
		`rankgate_stage_duration_seconds_count{model="sum",stage="infer",variant="stable",version="1"} 1`,
		`rankgate_cache_lookups_total{result="hit"} 6`,
		`rankgate_feature_rows_total{model="sum",status="present",version="1",view="item_stats"} 3`,
		`rankgate_http_responses_total{code="invalid_request"} 1`,
		`rankgate_http_responses_total{code="ok"} 3`,
	} {
		if !strings.Contains(string(content), line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

func TestADemandBeyondTheBudgetIsStillAnswered(t *testing.T) {
	f := startArithmetic(t, nothing)
	r, _ := f.rank(t, "/rank", body(1, []int{4, 9}, `,"budget_ms":0.001`))
	if !r.Degraded || r.Coverage["fallback"] != 2 || fmt.Sprint(r.Items) != "[{4 -1} {9 -1}]" {
		t.Errorf("%+v; want two fallbacks in the caller's order", r)
	}
}
