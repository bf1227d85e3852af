package main

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/router"
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
	content := get(t, "http://"+f.admin.Addr().String()+"/metrics")
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
		if !strings.Contains(content, line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

func TestCanaryAndPinnedRequestsAreCountedApart(t *testing.T) {
	files := arithmetic(t)
	files["models/sum/2/model.onnx"] = files["models/sum/1/model.onnx"]
	f := start(t, buildFixture(t, files, func(cfg *config.Config) {
		cfg.Models.Default = "sum"
		cfg.Routes = map[string]router.Route{"sum": {Stable: "1", Canary: router.Canary{Version: "2", Percent: 0}}}
		cfg.Edge.Drain.Wait, cfg.Edge.Drain.Linger = 0, 0
	}, fillArithmetic))
	for _, header := range []string{"", "X-Canary: always", "X-Model-Version: 2", "X-Model-Version: 1"} {
		req, err := http.NewRequest(http.MethodPost, f.base+"/rank", strings.NewReader(body(1, []int{1}, `,"budget_ms":2000`)))
		if err != nil {
			t.Fatal(err)
		}
		if name, value, found := strings.Cut(header, ": "); found {
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	listed := get(t, "http://"+f.admin.Addr().String()+"/admin/models")
	if !strings.Contains(listed, `"name":"sum","default":true,"stable":"1","canary":{"version":"2","percent":0,"withdrawn":false}`) {
		t.Errorf("/admin/models says %s", listed)
	}
	content := get(t, "http://"+f.admin.Addr().String()+"/metrics")
	for _, labels := range []string{
		`variant="stable",version="1"`, `variant="canary",version="2"`, `variant="pinned",version="2"`, `variant="pinned",version="1"`,
	} {
		if !strings.Contains(content, `rankgate_requests_total{model="sum",outcome="complete",`+labels+"} 1\n") {
			t.Errorf("/metrics does not count one request with %s", labels)
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
