package edge

import (
	"bytes"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// serveTCP serves on a socket until the test ends and returns its address.
func serveTCP(t testing.TB, s *Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		_ = s.Shutdown(t.Context()) // t's context has ended: what is idle closes, nothing waits
		if err := <-done; err != nil {
			t.Errorf("Serve() = %v; want nil", err)
		}
	})
	return ln.Addr().String()
}

func dialTCP(t testing.TB, address string) peer {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, c)
}

func TestARankerSeesThatItsCallerHasLeft(t *testing.T) {
	for name, leave := range map[string]func(*net.TCPConn) error{
		"closes":          (*net.TCPConn).Close,
		"closes its half": (*net.TCPConn).CloseWrite,
		"resets":          func(c *net.TCPConn) error { _ = c.SetLinger(0); return c.Close() },
	} {
		before, after, done := make(chan bool), make(chan bool), make(chan bool)
		s := newServer(t, DefaultConfig(), func(req *rank.Request, res *rank.Result) error {
			defer close(done)
			before <- req.Gone()
			<-after
			for !req.Gone() { // the close travels through the kernel
				runtime.Gosched()
			}
			after <- req.Gone()
			return descending(req, res)
		})
		p := dialTCP(t, serveTCP(t, s))
		p.write(t, rawPost(good))
		if <-before {
			t.Errorf("Gone() is true before the caller %s", name)
		}
		if err := leave(p.Conn.(*net.TCPConn)); err != nil {
			t.Fatal(err)
		}
		after <- true
		if !<-after {
			t.Errorf("Gone() is false again after the caller %s", name)
		}
		<-done
		for s.Stats().Gone.Load() == 0 { // counted once the ranker has returned
			runtime.Gosched()
		}
	}
}

func TestACallerWhoPipelinesIsStillThere(t *testing.T) {
	entered, sent := make(chan bool), make(chan bool)
	s := newServer(t, DefaultConfig(), func(req *rank.Request, res *rank.Result) error {
		entered <- true
		<-sent
		if req.Gone() {
			t.Error("Gone() is true for a caller who has sent the next request")
		}
		return descending(req, res)
	})
	p := dialTCP(t, serveTCP(t, s))
	for range 2 {
		p.write(t, rawPost(good))
	}
	<-entered
	p.write(t, rawPost(good))
	sent <- true
	for range 2 {
		<-entered
		sent <- true
	}
	for range 3 {
		if res := p.read(t); res.StatusCode() != 200 {
			t.Errorf("got %d; want 200", res.StatusCode())
		}
	}
	if got := s.Stats().Gone.Load(); got != 0 {
		t.Errorf("Stats.Gone = %d; want 0", got)
	}
}

func TestAskingWhetherTheCallerIsGoneAllocatesNothing(t *testing.T) {
	var allocs float64
	s := newServer(t, DefaultConfig(), func(req *rank.Request, res *rank.Result) error {
		allocs = testing.AllocsPerRun(100, func() { req.Gone() })
		return descending(req, res)
	})
	if res := dialTCP(t, serveTCP(t, s)).roundTrip(t, good); res.StatusCode() != 200 || allocs != 0 {
		t.Errorf("got %d with %v allocations; want 200 with 0", res.StatusCode(), allocs)
	}
}

func TestARefusalReachesACallerWhoIsStillSending(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Limits.Body = 1 << 10
	address := serveTCP(t, newServer(t, cfg, descending))
	for range 20 {
		p := dialTCP(t, address)
		p.write(t, rawPost(strings.Repeat(" ", 4<<20))) // reads nothing before all is sent
		if res := p.read(t); res.StatusCode() != 413 || !bytes.Contains(res.Body(), []byte("limits.body")) {
			t.Errorf("got %d %s; want 413", res.StatusCode(), res.Body())
		}
	}
}

func TestARequestBeginsWithItsFirstByte(t *testing.T) {
	var waited []time.Duration // until the ranker was called; written before the answer that the test reads
	slow := func(req *rank.Request, res *rank.Result) error {
		waited = append(waited, time.Since(req.Start))
		time.Sleep(time.Second)
		return descending(req, res)
	}
	inFakeTimeWith(t, DefaultConfig(), slow, func(t *testing.T, m memory) {
		p, raw := m.dial(t), rawPost(good)
		for range 3 { // the first on a new connection, then on one that was idle
			time.Sleep(2 * time.Second)
			p.write(t, raw[:1])
			time.Sleep(time.Second)
			p.write(t, raw[1:len(raw)-1])
			time.Sleep(time.Second)
			p.write(t, raw[len(raw)-1:])
			p.read(t)
		}
		p.write(t, raw+raw+raw)
		for range 3 {
			p.read(t)
		}
		p.write(t, raw+raw[:len(raw)-1])
		time.Sleep(5 * time.Second) // the first takes one of them
		p.write(t, raw[len(raw)-1:])
		for range 2 {
			p.read(t)
		}
	})
	want := []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second, 0, 0, 0, 0, 4 * time.Second}
	if !slices.Equal(waited, want) {
		t.Errorf("the ranker was called %v after the Start of three requests, three pipelined ones, and one that is pipelined but for its end; want %v", waited, want)
	}
}

func TestAnUnusedConnectionClosesWithoutAWord(t *testing.T) {
	inFakeTime(t, DefaultConfig(), func(t *testing.T, m memory) {
		p := m.dial(t)
		if n, err := p.br.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d bytes, %v; want none and the end", n, err)
		}
	})
}

func TestASlowRequestIsCutOff(t *testing.T) {
	raw := rawPost(good)
	for name, sent := range map[string]int{"in its headers": 20, "in its body": len(raw) - 3} {
		inFakeTime(t, DefaultConfig(), func(t *testing.T, m memory) {
			p := m.dial(t)
			begin := time.Now()
			p.write(t, raw[:sent-3])
			for i := sent - 3; i < sent; i++ {
				time.Sleep(time.Second)
				p.write(t, raw[i:i+1])
			}
			res := p.read(t)
			const want = `{"error":{"code":"invalid_request","message":"request: not complete after 5s (timeouts.read)"}}`
			if res.StatusCode() != 408 || string(res.Body()) != want || !res.ConnectionClose() {
				t.Errorf("slow %s: got %d %s; want 408 %s", name, res.StatusCode(), res.Body(), want)
			}
			if took := time.Since(begin); took != m.cfg.Timeouts.Read {
				t.Errorf("slow %s: cut off after %v; want %v", name, took, m.cfg.Timeouts.Read)
			}
		})
	}
}

func TestAnIdleConnectionClosesAfterItsTime(t *testing.T) {
	inFakeTime(t, DefaultConfig(), func(t *testing.T, m memory) {
		p := m.dial(t)
		if res := p.roundTrip(t, good); res.StatusCode() != 200 {
			t.Errorf("got %d; want 200", res.StatusCode())
		}
		begin := time.Now()
		if _, err := p.br.ReadByte(); err == nil || time.Since(begin) != m.cfg.Timeouts.Idle {
			t.Errorf("closed after %v, %v; want %v", time.Since(begin), err, m.cfg.Timeouts.Idle)
		}
	})
}

func TestSlowPeersHoldNothingForLongerThanTheirTime(t *testing.T) {
	raw := rawPost(good)
	for name, sent := range map[string]int{"headers": 20, "body": len(raw) - 10} {
		inFakeTime(t, DefaultConfig(), func(t *testing.T, m memory) {
			const peers = 200
			begin, ended := time.Now(), make(chan time.Duration, peers)
			for range peers {
				p := m.dial(t)
				go func() {
					for _, err := p.Write([]byte(raw[:sent])); err == nil; _, err = p.Write([]byte(" ")) {
						time.Sleep(time.Second)
					}
				}()
				go func() {
					p.tryRead()
					ended <- time.Since(begin)
				}()
			}
			if res := m.dial(t).roundTrip(t, good); res.StatusCode() != 200 || time.Since(begin) != 0 {
				t.Errorf("slow %s of %d others: got %d after %v; want 200 at once", name, peers, res.StatusCode(), time.Since(begin))
			}
			for range peers {
				if took := <-ended; took > m.cfg.Timeouts.Read {
					t.Errorf("slow %s: held for %v; want at most %v", name, took, m.cfg.Timeouts.Read)
				}
			}
			time.Sleep(2 * lingerTime)
			if n := m.Stats().Connections.Load(); n > 1 {
				t.Errorf("slow %s: %d connections are still open; want only the good one", name, n)
			}
		})
	}
}
