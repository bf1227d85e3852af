package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/bench/gateway"
)

// balancer gives each connection to one of several gateways, of those that say they
// are ready, in turn. It knows nothing of requests, as a load balancer of layer 4.
type balancer struct {
	listener net.Listener
	targets  []string
	ready    []atomic.Bool
	next     atomic.Uint64
	closed   chan struct{}
	work     sync.WaitGroup
}

// readyEvery is how often the gateways are asked.
const readyEvery = 50 * time.Millisecond

func startBalancer(targets ...string) (*balancer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: listener, targets: targets, ready: make([]atomic.Bool, len(targets)), closed: make(chan struct{})}
	for i := range targets {
		b.ready[i].Store(gateway.IsReady(targets[i]))
		b.work.Go(func() { b.probe(i) })
	}
	b.work.Go(b.serve)
	return b, nil
}

func (b *balancer) close() {
	close(b.closed)
	b.listener.Close()
	b.work.Wait()
}

func (b *balancer) probe(i int) {
	ticker := time.NewTicker(readyEvery)
	defer ticker.Stop()
	for {
		select {
		case <-b.closed:
			return
		case <-ticker.C:
			b.ready[i].Store(gateway.IsReady(b.targets[i]))
		}
	}
}

func (b *balancer) serve() {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			return // closed
		}
		go b.connect(c)
	}
}

// connect carries bytes both ways until one side closes.
func (b *balancer) connect(client net.Conn) {
	defer client.Close()
	for range 2 * len(b.targets) {
		i := int(b.next.Add(1)) % len(b.targets)
		if !b.ready[i].Load() {
			continue
		}
		server, err := net.Dial("tcp", b.targets[i]) //nolint:noctx // the loopback
		if err != nil {
			continue
		}
		defer server.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(server, client) // either side may go
			_ = server.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(client, server)
		_ = client.(*net.TCPConn).CloseWrite()
		select { // what the client still sends has nobody to go to
		case <-done:
		case <-time.After(time.Second):
		}
		return
	}
}
