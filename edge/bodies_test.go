package edge

import (
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

func TestStalledUploadsHoldNoMoreThanTheirLimit(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Bodies = 8 << 20
	inFakeTimeWith(t, cfg, descending, func(t *testing.T, m memory) {
		const uploads = 40
		half := rawPost(strings.Repeat(" ", cfg.Limits.Body))
		half = half[:len(half)-cfg.Limits.Body/2]
		answers := make(chan string, uploads)
		for range uploads {
			p := m.dial(t)
			go func() { _, _ = p.Write([]byte(half)) }()
			go func() {
				res := p.tryRead()
				answers <- string(res.Header.Peek("Retry-After")) + string(res.Body())
			}()
		}
		most := int64(0)
		counts := map[string]int{}
		for range uploads {
			counts[<-answers]++
			most = max(most, m.Stats().BodiesHeld.Load())
		}
		const (
			full = `1{"error":{"code":"overloaded","message":"bodies: more than 8388608 bytes of all requests together (limits.bodies)"}}`
			slow = `{"error":{"code":"invalid_request","message":"request: not complete after 5s (timeouts.read)"}}`
		)
		if counts[full] < uploads-8 || counts[full]+counts[slow] != uploads || counts[slow] == 0 {
			t.Errorf("got %v; want at most 8 uploads that wait and %q for all others", counts, full)
		}
		if most > 8<<20 {
			t.Errorf("%d bytes were held; want at most 8 MiB", most)
		}
		if res := m.dial(t).roundTrip(t, good); res.StatusCode() != 200 || m.Stats().BodiesHeld.Load() != 0 {
			t.Errorf("afterwards: %d %s, %d bytes held; want 200 and none", res.StatusCode(), res.Body(), m.Stats().BodiesHeld.Load())
		}
	})
}

func TestABodyCountsUntilItHasBeenRanked(t *testing.T) {
	var s *Server
	held := int64(0)
	body := plainBody(200)
	s = newServer(t, DefaultConfig(), func(req *rank.Request, res *rank.Result) error {
		if held = s.Stats().BodiesHeld.Load(); strings.Contains(req.ID, "panic") {
			panic("for the test")
		}
		return descending(req, res)
	})
	m := serveInMemory(t, s)
	for _, c := range []struct {
		call call
		want int
	}{
		{post(body), len(body)},
		{post(gzipOf(t, body), "Content-Encoding", "gzip"), len(gzipOf(t, body)) + len(body)},
		{post(body, "X-Request-Id", "panic"), len(body)},
	} {
		m.do(t, c.call)
		if now := s.Stats().BodiesHeld.Load(); held != int64(c.want) || now != 0 {
			t.Errorf("%q: %d bytes were held, then %d; want %d, then none", c.call.headers, held, now, c.want)
		}
	}
}

func TestABodyThatInflatesBeyondTheLimitOfAllIsRefused(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Body, cfg.Limits.Bodies = 1<<10, 2<<10
	s := newServer(t, cfg, descending)
	m := serveInMemory(t, s)
	s.stats.BodiesHeld.Add(2<<10 - 512) // another request's
	body := `{"user":"1","items":["2"]` + strings.Repeat(" ", 700) + `}`
	if res := m.do(t, post(gzipOf(t, body), "Content-Encoding", "gzip")); res.StatusCode() != 429 || !strings.Contains(string(res.Body()), "limits.bodies") {
		t.Errorf("got %d %s; want 429", res.StatusCode(), res.Body())
	}
}
