package redistest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/rankgate/rankgate/childtest"
)

// Proxy stands before a server and disturbs what passes. One trouble at a time;
// Restore ends it.
type Proxy struct {
	Addr string // where clients connect

	tb testing.TB
	of *toxiproxy.Proxy
}

// StartProxy starts a proxy before the server at upstream.
func StartProxy(tb testing.TB, upstream string) *Proxy {
	tb.Helper()
	prepare()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{tb: tb, of: toxiproxy.NewProxy(server, "redis", childtest.FreeAddress(tb), upstream)}
	p.start()
	tb.Cleanup(p.of.Stop)
	p.Addr = p.of.Listen
	return p
}

func (p *Proxy) start() {
	p.tb.Helper()
	if err := p.of.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		p.tb.Fatal(err)
	}
}

// Refuse closes every connection and takes no new one.
func (p *Proxy) Refuse() { p.of.Stop() }

// BlackHole swallows whatever is sent, in both directions, and closes nothing.
func (p *Proxy) BlackHole() {
	p.tb.Helper()
	p.add("upstream", "hole", 1, map[string]int64{})
	p.add("downstream", "hole", 1, map[string]int64{})
}

// Latency holds every reply back for so long.
func (p *Proxy) Latency(by time.Duration) {
	p.tb.Helper()
	p.add("downstream", "latency", 1, map[string]int64{"latency": by.Milliseconds()})
}

// Slow lets so many thousand bytes of replies pass a second.
func (p *Proxy) Slow(rate int64) {
	p.tb.Helper()
	p.add("downstream", "bandwidth", 1, map[string]int64{"rate": rate})
}

// ResetMidReply closes every connection, and each new one with a reset after so
// many bytes of replies.
func (p *Proxy) ResetMidReply(after int64) {
	p.tb.Helper()
	p.of.Stop()
	p.add("downstream", "cut", 1, map[string]int64{"bytes": after})
	// This one never runs. That it is there makes the proxy close with a reset.
	p.add("downstream", "reset_peer", 0, map[string]int64{"timeout": 0})
	p.start()
}

// Restore lets everything pass again. Connections that have lost bytes are
// closed. It waits 5 s for every 32 kB that is held back for a client that has
// gone, so let nobody give a connection up because of Latency or Slow.
func (p *Proxy) Restore() {
	p.tb.Helper()
	p.of.Toxics.ResetToxics(context.Background())
	p.start()
}

func (p *Proxy) add(direction, kind string, toxicity float32, attributes map[string]int64) {
	p.tb.Helper()
	text, err := json.Marshal(map[string]any{"type": kind, "stream": direction, "toxicity": toxicity, "attributes": attributes})
	if err != nil {
		p.tb.Fatal(err)
	}
	if _, err := p.of.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
		p.tb.Fatal(err)
	}
}
