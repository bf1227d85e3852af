package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"
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
	defer g.stop()
	gen := newGenerator(0)
	defer gen.close()
	l := &ranking{url: g.url(), right: sumModel, rows: 10}
	due := poisson(newRandom(16), step{200, length})
	if _, err := gen.open(ctx, l, due.count(200)); err != nil { // warm
		return nil, err
	}
	clean, err := gen.open(ctx, l, due)
	if err != nil {
		return nil, err
	}
	crowd, err := s.startLoris(ctx, g.http, connections)
	if err != nil {
		return nil, err
	}
	defer crowd.stop()
	open, err := g.metric("rankgate_http_connections")
	if err != nil {
		return nil, err
	}
	r, err := gen.open(ctx, l, due)
	if err != nil {
		return nil, err
	}
	return &row{run: r.samples, words: r.words, extra: noExtra, lag: s.lag(),
		notes: []string{fmt.Sprintf("%.0f connections were open when the load began", open)},
		checks: []check{
			noneCorrupt(r.count(isCorrupt)),
			noneFailed(len(r.with(failed))),
			times("p99", r.took(0.99), clean.took(0.99), pick(s, 1.2, 10)),
		}}, nil
}

// startLoris starts the process that holds the connections, and waits for it to have
// them all.
func (s *session) startLoris(ctx context.Context, target string, connections int) (*child, error) {
	//nolint:gosec // ourselves
	c := &child{command: exec.CommandContext(ctx, s.self, "-role", roleLoris, target, strconv.Itoa(connections))}
	if _, err := c.command.StdinPipe(); err != nil { // it ends when that does
		return nil, err
	}
	c.command.Stderr = &c.log
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.start(); err != nil {
		return nil, err
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		c.stop()
		return nil, fmt.Errorf("slow loris: %w: %s", err, &c.log)
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
		time.Sleep(look)
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
