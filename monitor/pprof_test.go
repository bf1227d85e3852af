package monitor

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestContentionIsNotedOnlyWhileSomeoneAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		registerProfiles(mux)
		ask := func(seconds string) {
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/mutex?seconds="+seconds, http.NoBody))
			if answer.Code != http.StatusOK || answer.Body.Len() == 0 {
				t.Errorf("got %d, %d bytes", answer.Code, answer.Body.Len())
			}
		}
		go ask("2")
		go ask("4")
		for _, want := range []int{1, 1, 0} { // after 1, 3 and 5 seconds
			time.Sleep(time.Second)
			synctest.Wait()
			if got := runtime.SetMutexProfileFraction(-1); got != want {
				t.Errorf("the fraction is %d; want %d", got, want)
			}
			time.Sleep(time.Second)
		}
	})
}
