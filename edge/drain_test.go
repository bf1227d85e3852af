package edge

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/rankgate/rankgate/rank"
)

func inFakeTime(t *testing.T, cfg Config, test func(t *testing.T, m memory)) {
	t.Helper()
	inFakeTimeWith(t, cfg, descending, test)
}

// inFakeTimeWith runs test against a server in a bubble. Two things of fasthttp
// outlive a server: the clock behind the Date header, which must begin outside,
// and the cleaner of its workers, which the last sleep lets end.
func inFakeTimeWith(t *testing.T, cfg Config, ranker RankerFunc, test func(t *testing.T, m memory)) {
	t.Helper()
	serveInMemory(t, newServer(t, DefaultConfig(), descending)).do(t, call{method: "GET", path: "/healthz"})
	synctest.Test(t, func(t *testing.T) {
		m := memory{newServer(t, cfg, ranker), fasthttputil.NewInmemoryListener()}
		go func() { _ = m.Serve(m.ln) }()
		test(t, m)
		if err := m.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
		time.Sleep(time.Minute)
	})
}

func TestADrainGoesThroughItsSteps(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Drain = Drain{Wait: 3 * time.Second, Linger: 2 * time.Second, Finish: time.Second}
	inFakeTime(t, cfg, func(t *testing.T, m memory) {
		begin := time.Now()
		drained := make(chan time.Duration, 1)
		go func() {
			if err := m.Drain(t.Context()); err != nil {
				t.Errorf("Drain() = %v; want nil", err)
			}
			drained <- time.Since(begin)
		}()
		p := m.dial(t)
		check := func(after time.Duration, ready int, closes bool) {
			t.Helper()
			time.Sleep(after - time.Since(begin))
			if res := m.dial(t); true {
				res.write(t, "GET /readyz HTTP/1.1\r\nHost: g\r\n\r\n")
				if got := res.read(t); got.StatusCode() != ready || got.ConnectionClose() != closes {
					t.Errorf("after %v: /readyz = %d, close %t; want %d, close %t", after, got.StatusCode(), got.ConnectionClose(), ready, closes)
				}
			}
			if res := p.roundTrip(t, good); res.StatusCode() != 200 || res.ConnectionClose() != closes {
				t.Errorf("after %v: /rank = %d, close %t; want 200, close %t", after, res.StatusCode(), res.ConnectionClose(), closes)
			}
		}
		check(time.Second, 503, false)
		check(4*time.Second, 503, true)
		if took := <-drained; took < 5*time.Second || took > 6*time.Second {
			t.Errorf("the drain took %v; want drain.wait and drain.linger, 5s, and little more", took)
		}
		if err := m.Serve(fasthttputil.NewInmemoryListener()); err != nil {
			t.Errorf("Serve() after a drain = %v; want nil", err)
		}
	})
}

func TestEndingTheContextCutsADrainShort(t *testing.T) {
	inFakeTime(t, DefaultConfig(), func(t *testing.T, m memory) {
		ctx, cancel := context.WithCancel(t.Context())
		drained := make(chan error, 1)
		begin := time.Now()
		go func() { drained <- m.Drain(ctx) }()
		time.Sleep(time.Second)
		cancel()
		if err := <-drained; err != nil || time.Since(begin) != time.Second {
			t.Errorf("Drain() = %v after %v; want nil with the cancellation, after 1s", err, time.Since(begin))
		}
	})
}

func TestAHungRankerDoesNotHoldADrain(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Drain = Drain{Finish: 30 * time.Millisecond}
	entered, release := make(chan bool), make(chan bool)
	s := newServer(t, cfg, func(req *rank.Request, res *rank.Result) error {
		entered <- true
		<-release
		return descending(req, res)
	})
	p := dialTCP(t, serveTCP(t, s))
	p.write(t, rawPost(good))
	<-entered
	err := s.Drain(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stopped before 1 requests were answered") {
		t.Errorf("Drain() = %v; want a deadline exceeded with 1 request in flight", err)
	}
	close(release)
	if res := p.read(t); res.StatusCode() != 200 || !res.ConnectionClose() {
		t.Errorf("the late answer is %d, close %t; want 200, close true", res.StatusCode(), res.ConnectionClose())
	}
}

// fleet is two instances behind a load balancer that asks /readyz before it
// opens a connection, and clients that keep connections open.
type fleet struct {
	mu        sync.Mutex
	instances []string // the newest last

	linger time.Duration

	sent   atomic.Int64
	failed atomic.Int64
	late   atomic.Int64 // failed, but longer than linger after the one before: the caller broke its part of the deal
	moved  atomic.Int64
}

// dial opens a connection to an instance that says it is ready.
func (f *fleet) dial(t *testing.T) (peer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, address := range f.instances {
		c, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		p := newPeer(t, c)
		_, _ = c.Write([]byte("GET /readyz HTTP/1.1\r\nHost: g\r\n\r\n"))
		if res := p.tryRead(); res != nil && res.StatusCode() == 200 {
			return p, true
		}
		_ = c.Close()
	}
	return peer{}, false
}

// call keeps sending until stop is closed. A request fails if anything but a
// 200 comes back. On a machine with much else to do, a goroutine may sleep for
// longer than linger between two of them.
func (f *fleet) call(t *testing.T, connected *sync.WaitGroup, stop <-chan struct{}) {
	p, ok := f.dial(t)
	connected.Done()
	last := time.Now()
	for {
		select {
		case <-stop:
			_ = p.Close()
			return
		default:
		}
		if !ok {
			t.Error("no instance is ready")
			return
		}
		f.sent.Add(1)
		_, err := p.Write([]byte(rawPost(good)))
		late := time.Since(last) > f.linger
		res := p.tryRead()
		last = time.Now()
		if ok := err == nil && res != nil && res.StatusCode() == 200; !ok && late {
			f.late.Add(1)
		} else if !ok {
			f.failed.Add(1)
		}
		if res == nil || res.ConnectionClose() {
			_ = p.Close()
			f.moved.Add(1)
			p, ok = f.dial(t)
			last = time.Now()
		}
	}
}

func TestTwentyDrainsUnderLoadLoseNoRequest(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Drain = Drain{Wait: 5 * time.Millisecond, Linger: 150 * time.Millisecond, Finish: 10 * time.Second}
	f := &fleet{linger: cfg.Drain.Linger}
	start := func() *Server {
		s := newServer(t, cfg, descending)
		address := serveTCP(t, s)
		f.mu.Lock()
		f.instances = append(f.instances, address)
		f.mu.Unlock()
		return s
	}
	old := start()
	stop := make(chan struct{})
	var group, connected sync.WaitGroup
	connected.Add(8)
	for range 8 {
		group.Go(func() { f.call(t, &connected, stop) })
	}
	connected.Wait()
	for range 20 {
		next := start()
		if err := old.Drain(t.Context()); err != nil {
			t.Errorf("Drain() = %v; want nil", err)
		}
		f.mu.Lock()
		f.instances = f.instances[1:]
		f.mu.Unlock()
		old = next
	}
	close(stop)
	group.Wait()
	t.Logf("%d requests, %d failed, %d late, %d moves", f.sent.Load(), f.failed.Load(), f.late.Load(), f.moved.Load())
	if f.failed.Load() > 0 {
		t.Errorf("%d of %d requests failed; want none", f.failed.Load(), f.sent.Load())
	}
	if f.moved.Load() < 8*20 {
		t.Errorf("clients moved %d times; want each of 8 to move in each of 20 drains", f.moved.Load())
	}
}
