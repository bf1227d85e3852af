package edge

import (
	"crypto/tls"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/rankgate/rankgate/certtest"
	"github.com/rankgate/rankgate/rank"
)

// secured returns a configuration for a listener with TLS, and for its clients.
func secured(t testing.TB) (cfg Config, client *tls.Config) {
	t.Helper()
	authority := certtest.NewAuthority(t)
	cfg = DefaultConfig()
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Certificate("gateway")}, MinVersion: tls.VersionTLS12}
	return cfg, &tls.Config{RootCAs: authority.Pool, MinVersion: tls.VersionTLS12}
}

func dialTLS(t testing.TB, address string, cfg *tls.Config) peer {
	t.Helper()
	c, err := tls.Dial("tcp", address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, c)
}

func TestRequestsAreAnsweredUnderTLS(t *testing.T) {
	cfg, client := secured(t)
	address := serveTCP(t, newServer(t, cfg, descending))
	p := dialTLS(t, address, client)
	for range 3 {
		if res := p.roundTrip(t, plainBody(200)); res.StatusCode() != 200 {
			t.Errorf("got %d %s; want 200", res.StatusCode(), res.Body())
		}
	}
	p.write(t, "GET /healthz HTTP/1.1\nHost: g\r\n\r\n"+marker)
	if res := p.read(t); res.StatusCode() != 400 || p.tryRead() != nil {
		t.Errorf("an ambiguous request got %d; want 400 and nothing more", res.StatusCode())
	}
	plain := dialTCP(t, address)
	plain.write(t, rawPost(good))
	if res := plain.tryRead(); res != nil && res.StatusCode() == 200 {
		t.Errorf("without TLS: got %d %s; want no answer", res.StatusCode(), res.Body())
	}
}

func TestASilentHandshakeHoldsNothingForLongerThanItsTime(t *testing.T) {
	cfg, _ := secured(t)
	inFakeTime(t, cfg, func(t *testing.T, m memory) {
		begin, p := time.Now(), m.dial(t)
		p.write(t, "\x16\x03\x01\x01\x00") // the first bytes of a handshake
		if res := p.tryRead(); res != nil || time.Since(begin) != cfg.Timeouts.Read {
			t.Errorf("got %v after %v; want the end after %v", res, time.Since(begin), cfg.Timeouts.Read)
		}
	})
}

func TestUnderTLSABrokenConnectionIsNoticedAndAFarewellIsNotMistaken(t *testing.T) {
	cfg, client := secured(t)
	entered, broken := make(chan bool), make(chan bool)
	s := newServer(t, cfg, func(req *rank.Request, res *rank.Result) error {
		entered <- true
		if wait := <-broken; wait {
			for !req.Gone() { // the reset travels through the kernel
				runtime.Gosched()
			}
		} else if req.Gone() {
			t.Error("Gone() is true for a caller who has sent the next request")
		}
		return descending(req, res)
	})
	p := dialTLS(t, serveTCP(t, s), client)
	p.write(t, rawPost(good))
	<-entered
	p.write(t, rawPost(good))
	broken <- false
	<-entered
	below := p.Conn.(*tls.Conn).NetConn().(*net.TCPConn)
	_ = below.SetLinger(0)
	_ = below.Close()
	broken <- true
	for s.Stats().Gone.Load() == 0 {
		runtime.Gosched()
	}
}

func TestAConnectionTooManyIsClosedUnderTLS(t *testing.T) {
	cfg, client := secured(t)
	cfg.Limits.Connections = 1
	s := newServer(t, cfg, descending)
	address := serveTCP(t, s)
	dialTLS(t, address, client).roundTrip(t, good)
	if c, err := tls.Dial("tcp", address, client); err == nil {
		_ = c.Close()
		t.Error("a second connection was taken; want it closed")
	}
	if n := s.Stats().TurnedAway.Load(); n != 1 {
		t.Errorf("Stats.TurnedAway = %d; want 1", n)
	}
}
