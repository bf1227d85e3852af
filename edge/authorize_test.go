package edge

import (
	"strings"
	"testing"
	"time"
)

func TestOnlyHealthIsAnsweredWithoutAKey(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Keys = newKeys(t, keyLine("shop", "open sesame", ""))
	m := serveInMemory(t, newServer(t, cfg, descending))
	const (
		missing = "key: missing; send Authorization: Bearer KEY, or X-Api-Key: KEY"
		unknown = "key: not among those that are known (auth.keys)"
	)
	for _, c := range []struct {
		call   call
		status int
		words  string
	}{
		{call{"GET", "/healthz", nil, ""}, 200, ""},
		{call{"HEAD", "/readyz", nil, ""}, 200, ""},
		{post(good), 401, missing},
		{post(good, "Authorization", "Basic b3BlbiBzZXNhbWU="), 401, missing},
		{post(good, "Authorization", "open sesame"), 401, missing},
		{post(good, "Authorization", "Bearer"), 401, missing},
		{post(good, "Authorization", "Bearer open"), 401, unknown},
		{post(good, "X-Api-Key", "sesame"), 401, unknown},
		{post(good, "Authorization", "Bearer wrong", "X-Api-Key", "open sesame"), 401, unknown},
		{post(good, "Authorization", "Bearer open sesame"), 200, ""},
		{post(good, "Authorization", "bearer  open sesame"), 200, ""},
		{post(good, "X-Api-Key", "open sesame"), 200, ""},
		{post(good, "Authorization", "Basic eA==", "X-Api-Key", "open sesame"), 200, ""},
		{call{"GET", "/rankings", nil, ""}, 401, missing},
		{call{"OPTIONS", "/rank", nil, ""}, 401, missing},
		{call{"POST", "/rank", nil, strings.Repeat(" ", 1<<20)}, 401, missing},
	} {
		res := m.do(t, c.call)
		asks := string(res.Header.Peek("WWW-Authenticate"))
		if res.StatusCode() != c.status || !strings.Contains(string(res.Body()), c.words) || (asks == "Bearer") != (c.status == 401) {
			t.Errorf("%s %s %q: got %d %s, WWW-Authenticate %q; want %d %s",
				c.call.method, c.call.path, c.call.headers, res.StatusCode(), res.Body(), asks, c.status, c.words)
		}
		if strings.Contains(string(res.Body()), "sesame") {
			t.Errorf("the answer shows the key: %s", res.Body())
		}
	}
}

func TestAKeyAboveItsRateIsToldWhenToComeBack(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Keys = newKeys(t, keyLine("shop", "ks", "0.25:2"), keyLine("other", "ko", ""))
	inFakeTimeWith(t, cfg, descending, func(t *testing.T, m memory) {
		ask := func(key string) (status int, after string) {
			res := m.do(t, post(good, "X-Api-Key", key))
			return res.StatusCode(), string(res.Header.Peek("Retry-After"))
		}
		for i, want := range []int{200, 200, 429, 429} {
			if status, after := ask("ks"); status != want || (want == 429) != (after == "4") {
				t.Errorf("request %d: got %d, Retry-After %q; want %d, and 4 if it is 429", i, status, after, want)
			}
		}
		if status, _ := ask("ko"); status != 200 {
			t.Errorf("another key got %d; want 200", status)
		}
		time.Sleep(4 * time.Second)
		if status, _ := ask("ks"); status != 200 {
			t.Errorf("after waiting as told: got %d; want 200", status)
		}
		if n := m.Stats().Limited.Load(); n != 2 {
			t.Errorf("Stats.Limited = %d; want 2", n)
		}
	})
}
