package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// redisTrouble lets the feature store go, in three ways, each before a gateway of its
// own that has been well until then.
var redisTrouble = scenario{number: 12, name: "Redis refused, black-holed, +1 s", run: runRedisTrouble}

func runRedisTrouble(ctx context.Context, s *session) (*row, error) {
	all := &row{extra: noExtra, lag: s.lag(), words: map[string]int{}}
	for _, trouble := range []struct {
		name  string
		begin func(*proxy) error
	}{
		{"refused", (*proxy).refuse}, {"black hole", (*proxy).blackHole}, {"+1 s", func(p *proxy) error { return p.delay(time.Second) }},
	} {
		clean, r, err := s.withRedis(ctx, trouble.begin)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", trouble.name, err)
		}
		all.take(r)
		added := r.took(0.99) - clean.took(0.99)
		all.checks = append(all.checks,
			within(trouble.name+": p99 added", max(added, 0), pick(s, 2*time.Millisecond, 100*time.Millisecond)))
	}
	all.checks = append(all.checks, noneCorrupt(all.run.count(isCorrupt)), noneFailed(len(all.run.with(failed))))
	return all, nil
}

// withRedis runs a load while all is well, then again in trouble. Scores are right
// only where features could be read, so those of degraded answers are not checked.
func (s *session) withRedis(ctx context.Context, trouble func(*proxy) error) (clean, during *run, err error) {
	server, address, err := s.startRedis(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer server.stop()
	p, err := startProxy(address)
	if err != nil {
		return nil, nil, err
	}
	defer p.of.Stop()
	// What is kept in the gateway is kept so short that the server is asked all the time.
	store := "{registry: features.yaml, store: {redis: {addresses: [%q], cache: {ttl: 100ms}}}}"
	g, err := s.newGateway(ctx, sections{"features": fmt.Sprintf(store, address)})
	if err != nil {
		return nil, nil, err
	}
	if words, err := s.materialize(ctx, g); err != nil {
		g.stop()
		return nil, nil, fmt.Errorf("materialize: %w: %s", err, words)
	}
	g.stop()
	if g, err = s.newGateway(ctx, sections{"features": fmt.Sprintf(store, p.of.Listen)}); err != nil {
		return nil, nil, err
	}
	defer g.stop()
	gen := newGenerator(0)
	defer gen.close()
	l := &ranking{url: g.url(), right: sumModel, rows: 10, lenient: true}
	due := poisson(newRandom(12), step{200, pick(s, 30*time.Second, 2*time.Second)})
	if _, err = gen.open(ctx, l, due.count(200)); err != nil { // warm
		return nil, nil, err
	}
	if clean, err = gen.open(ctx, l, due); err != nil {
		return nil, nil, err
	}
	if len(clean.with(ok)) == 0 {
		return nil, nil, fmt.Errorf("no ranking was complete before the trouble: %v", clean.words)
	}
	if err = trouble(p); err != nil {
		return nil, nil, err
	}
	during, err = gen.open(ctx, l, due)
	return clean, during, err
}

// startRedis starts a redis-server of our own.
func (s *session) startRedis(ctx context.Context) (*child, string, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, "", fmt.Errorf("redis-server is not here: run %q", "sudo apt-get install redis-server")
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	_, port, _ := net.SplitHostPort(address)
	c, err := start(ctx, program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir)
	if err != nil {
		return nil, "", err
	}
	if err := c.await(ctx, "ready", func() bool { return strings.Contains(c.log.String(), "Ready to accept connections") }); err != nil {
		c.stop()
		return nil, "", err
	}
	return c, address, nil
}

// materialize fills the server from the gateway's files.
func (s *session) materialize(ctx context.Context, g *gateway) ([]byte, error) {
	//nolint:gosec // our own program
	return exec.CommandContext(ctx, s.binary, "materialize", "--no-progress", "-c", filepath.Join(g.dir, "gateway.yaml")).CombinedOutput()
}

// proxy stands between the gateway and Redis.
type proxy struct{ of *toxiproxy.Proxy }

func startProxy(upstream string) (*proxy, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &proxy{toxiproxy.NewProxy(server, "redis", address, upstream)}
	return p, p.of.Start()
}

// refuse closes every connection and takes no new one.
func (p *proxy) refuse() error {
	p.of.Stop()
	return nil
}

// blackHole swallows what is sent, in both directions.
func (p *proxy) blackHole() error {
	for _, stream := range []string{"upstream", "downstream"} {
		if err := p.add(`{"type":"timeout","stream":"` + stream + `","toxicity":1,"attributes":{"timeout":0}}`); err != nil {
			return err
		}
	}
	return nil
}

// delay holds every reply back.
func (p *proxy) delay(by time.Duration) error {
	return p.add(fmt.Sprintf(`{"type":"latency","stream":"downstream","toxicity":1,"attributes":{"latency":%d}}`, by.Milliseconds()))
}

func (p *proxy) add(toxic string) error {
	_, err := p.of.Toxics.AddToxicJson(strings.NewReader(toxic))
	return err
}
