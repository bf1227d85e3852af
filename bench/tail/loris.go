package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/process"
	"github.com/rankgate/rankgate/bench/seed"
)

// slowLoris opens connections on which requests come a header at a time and never
// end, and anew whatever is closed.
var slowLoris = scenario{number: 16, name: "slow-loris connections beside others' requests", run: runSlowLoris}

func runSlowLoris(ctx context.Context, s *session) (*row, error) {
	connections, length := pick(s, 5000, 1000), pick(s, 30*time.Second, 4*time.Second)
	g, err := s.newGateway(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer g.Stop()
	gen := load.New(0)
	defer gen.Close()
	l := &ranking{url: g.URL() + "/rank", right: sumModel, rows: 10}
	due := load.Poisson(seed.Random(16), load.Step{Rate: 200, Length: length})
	if _, err := gen.Open(ctx, l, due.First(200)); err != nil { // warm
		return nil, err
	}
	clean, err := gen.Open(ctx, l, due)
	if err != nil {
		return nil, err
	}
	crowd, err := s.startLoris(ctx, g.HTTP, connections)
	if err != nil {
		return nil, err
	}
	defer crowd.Stop()
	open, err := g.Metric("rankgate_http_connections")
	if err != nil {
		return nil, err
	}
	r, err := gen.Open(ctx, l, due)
	if err != nil {
		return nil, err
	}
	return &row{run: r.Samples, words: r.Words, extra: noExtra, lag: s.lag(),
		notes: []string{fmt.Sprintf("%.0f connections were open when the load began", open)},
		checks: []check{
			noneCorrupt(r.Corrupt()),
			noneFailed(len(r.With(load.Failed))),
			times("p99", r.Took(0.99), clean.Took(0.99), pick(s, 1.2, 10)),
		}}, nil
}

// startLoris starts the process that holds the connections, and waits for it to have
// them all.
func (s *session) startLoris(ctx context.Context, target string, connections int) (*process.Child, error) {
	c, err := process.StartPiped(ctx, s.self, "-role", roleLoris, target, strconv.Itoa(connections))
	if err != nil {
		return nil, err
	}
	if _, err := c.Out.Read(make([]byte, 1)); err != nil {
		c.Stop()
		return nil, fmt.Errorf("slow loris: %w: %s", err, c.Log())
	}
	return c, nil
}

// serveLoris is that process.
func serveLoris(args []string) error {
	target := args[0]
	connections, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var first atomic.Int64
	for range connections {
		go creep(target, &first)
	}
	for first.Load() < int64(connections) {
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprintln(os.Stdout, "open")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// creep holds one connection at a time.
func creep(target string, first *atomic.Int64) {
	for counted := false; ; {
		c, err := net.Dial("tcp", target) //nolint:noctx // it ends with the process
		if err == nil && !counted {
			counted = true
			first.Add(1)
		}
		if err == nil {
			_, err = c.Write([]byte("POST /rank HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"))
			for err == nil {
				time.Sleep(time.Second)
				_, err = c.Write([]byte("X-Slow: y\r\n"))
			}
			c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
}
