package load

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

func (p plain) Request(_ int, t *vegeta.Target) { t.URL = p.url }

func (plain) Judge(res *vegeta.Result, s *Sample) {
	if s.Outcome = Failed; res.Code == http.StatusOK {
		s.Outcome = OK
	}
}

func serve(t *testing.T, handle http.HandlerFunc) plain {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return plain{server.URL}
}

func generate(t *testing.T) *Generator {
	t.Helper()
	g := New(0)
	t.Cleanup(g.Close)
	return g
}

func TestWhatARequestTookIsCountedFromWhenItWasDue(t *testing.T) {
	l := serve(t, func(http.ResponseWriter, *http.Request) {})
	const late = 300 * time.Millisecond
	r, err := generate(t).Open(t.Context(), l, Schedule{-late, -late, 0})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range r.Samples {
		if i < 2 && (s.Lag < late || s.Took < s.Lag) {
			t.Errorf("sent %v late, it took %v; want both to be %v at least", s.Lag, s.Took, late)
		}
	}
	if len(r.With(OK)) != 3 {
		t.Errorf("%d of 3 were answered", len(r.With(OK)))
	}
}

func TestRequestsAreSentWhateverBecomesOfThoseBefore(t *testing.T) {
	const all = 2 * startWorkers
	var here sync.WaitGroup
	here.Add(all)
	l := serve(t, func(http.ResponseWriter, *http.Request) { here.Done(); here.Wait() }) // none is answered before all are there
	r, err := generate(t).Open(t.Context(), l, make(Schedule, all))
	if err != nil || len(r.With(OK)) != all {
		t.Errorf("%d of %d answered, %v", len(r.With(OK)), all, err)
	}
}

func TestEventsHappenDuringARun(t *testing.T) {
	happened := make(chan struct{})
	l := serve(t, func(http.ResponseWriter, *http.Request) { <-happened })
	_, err := generate(t).Open(t.Context(), l, Schedule{0}, Event{0, func() error { close(happened); return nil }})
	if err != nil {
		t.Error(err)
	}
}

func TestFailuresAreToldWithTheirWords(t *testing.T) {
	l := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) })
	r, err := generate(t).Open(t.Context(), l, Schedule{0, 0})
	if err != nil || len(r.With(Failed)) != 2 || r.Words["503 Service Unavailable no\n"] != 2 {
		t.Errorf("%v, %v", r.Words, err)
	}
}
