package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/process"
	"github.com/rankgate/rankgate/bench/redis"
	"github.com/rankgate/rankgate/bench/seed"
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
		added := r.Took(0.99) - clean.Took(0.99)
		all.checks = append(all.checks,
			within(trouble.name+": p99 added", max(added, 0), pick(s, 2*time.Millisecond, 100*time.Millisecond)))
	}
	all.checks = append(all.checks, noneCorrupt(all.run.Corrupt()), noneFailed(len(all.run.With(load.Failed))))
	return all, nil
}

// withRedis runs a load while all is well, then again in trouble. Scores are right
// only where features could be read, so those of degraded answers are not checked.
func (s *session) withRedis(ctx context.Context, trouble func(*proxy) error) (clean, during *load.Run, err error) {
	server, err := redis.Start(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer server.Close()
	p, err := startProxy(server.Address)
	if err != nil {
		return nil, nil, err
	}
	defer p.of.Stop()
	// What is kept in the gateway is kept so short that the server is asked all the time.
	store := "{registry: features.yaml, store: {redis: {addresses: [%q], cache: {ttl: 100ms}}}}"
	g, err := s.newGateway(ctx, gateway.Sections{"features": fmt.Sprintf(store, server.Address)})
	if err != nil {
		return nil, nil, err
	}
	if words, err := s.materialize(ctx, g); err != nil {
		g.Stop()
		return nil, nil, fmt.Errorf("materialize: %w: %s", err, words)
	}
	g.Stop()
	if g, err = s.newGateway(ctx, gateway.Sections{"features": fmt.Sprintf(store, p.of.Listen)}); err != nil {
		return nil, nil, err
	}
	defer g.Stop()
	gen := load.New(0)
	defer gen.Close()
	l := &ranking{url: g.URL() + "/rank", right: sumModel, rows: 10, lenient: true}
	due := load.Poisson(seed.Random(12), load.Step{Rate: 200, Length: pick(s, 30*time.Second, 2*time.Second)})
	if _, err = gen.Open(ctx, l, due.First(200)); err != nil { // warm
		return nil, nil, err
	}
	if clean, err = gen.Open(ctx, l, due); err != nil {
		return nil, nil, err
	}
	if len(clean.With(load.OK)) == 0 {
		return nil, nil, fmt.Errorf("no ranking was complete before the trouble: %v", clean.Words)
	}
	if err = trouble(p); err != nil {
		return nil, nil, err
	}
	during, err = gen.Open(ctx, l, due)
	return clean, during, err
}

// materialize fills the server from the gateway's files.
func (s *session) materialize(ctx context.Context, g *gateway.Gateway) ([]byte, error) {
	//nolint:gosec // our own program
	return exec.CommandContext(ctx, s.binary, "materialize", "--no-progress", "-c", g.Config).CombinedOutput()
}

// proxy stands between the gateway and Redis.
type proxy struct{ of *toxiproxy.Proxy }

func startProxy(upstream string) (*proxy, error) {
	address, err := process.FreeAddress()
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
