package monitor

import (
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync"
)

// registerProfiles adds /debug/pprof/. The profiles of contention, mutex and block,
// are taken while someone asks for them: with ?seconds=10, say, for that long. At
// other times the runtime notes nothing, which would cost every lock.
func registerProfiles(mux *http.ServeMux) {
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/debug/pprof/mutex", whileAsked(pprof.Handler("mutex"), func(rate int) { runtime.SetMutexProfileFraction(rate) }))
	mux.Handle("/debug/pprof/block", whileAsked(pprof.Handler("block"), runtime.SetBlockProfileRate))
}

// whileAsked has everything noted while at least one request is at the handler.
func whileAsked(h http.Handler, setRate func(int)) http.Handler {
	var mu sync.Mutex
	asking := 0 // guarded by mu
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		asking += by
		setRate(min(asking, 1))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count(1)
		defer count(-1)
		h.ServeHTTP(w, r)
	})
}
