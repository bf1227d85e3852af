package main

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// plain is a load of requests that are right when they are answered with 200.
type plain struct{ url string }

func (p plain) request(_ int, t *vegeta.Target) { t.URL = p.url }

func (plain) judge(res *vegeta.Result, s *sample) {
	if s.outcome = failed; res.Code == http.StatusOK {
		s.outcome = ok
	}
}

func serve(t *testing.T, handle http.HandlerFunc) plain {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return plain{server.URL}
}

func generate(t *testing.T) *generator {
	t.Helper()
	g := newGenerator(0)
	t.Cleanup(g.close)
	return g
}

func TestWhatARequestTookIsCountedFromWhenItWasDue(t *testing.T) {
	l := serve(t, func(http.ResponseWriter, *http.Request) {})
	const late = 300 * time.Millisecond
	r, err := generate(t).open(t.Context(), l, schedule{-late, -late, 0})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range r.samples {
		if i < 2 && (s.lag < late || s.took < s.lag) {
			t.Errorf("sent %v late, it took %v; want both to be %v at least", s.lag, s.took, late)
		}
	}
	if len(r.with(ok)) != 3 {
		t.Errorf("%d of 3 were answered", len(r.with(ok)))
	}
}

func TestRequestsAreSentWhateverBecomesOfThoseBefore(t *testing.T) {
	const all = 2 * startWorkers
	var here sync.WaitGroup
	here.Add(all)
	l := serve(t, func(http.ResponseWriter, *http.Request) { here.Done(); here.Wait() }) // none is answered before all are there
	r, err := generate(t).open(t.Context(), l, make(schedule, all))
	if err != nil || len(r.with(ok)) != all {
		t.Errorf("%d of %d answered, %v", len(r.with(ok)), all, err)
	}
}

func TestEventsHappenDuringARun(t *testing.T) {
	happened := make(chan struct{})
	l := serve(t, func(http.ResponseWriter, *http.Request) { <-happened })
	_, err := generate(t).open(t.Context(), l, schedule{0}, event{0, func() error { close(happened); return nil }})
	if err != nil {
		t.Error(err)
	}
}

func TestFailuresAreToldWithTheirWords(t *testing.T) {
	l := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) })
	r, err := generate(t).open(t.Context(), l, schedule{0, 0})
	if err != nil || len(r.with(failed)) != 2 || r.words["503 Service Unavailable no\n"] != 2 {
		t.Errorf("%v, %v", r.words, err)
	}
}
