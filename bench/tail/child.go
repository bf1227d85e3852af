package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// child is a process of ours.
type child struct {
	command *exec.Cmd
	log     tail
	ended   chan struct{} // closed when the process has ended
}

// How long a child may take to start or to end on a machine that is busy, and the
// time between two looks.
const (
	patience = 30 * time.Second
	look     = 10 * time.Millisecond
)

// start starts a process that is killed when ctx ends.
func start(ctx context.Context, program string, args ...string) (*child, error) {
	c := &child{command: exec.CommandContext(ctx, program, args...)} //nolint:gosec // our own programs, and redis-server
	c.command.Stdout, c.command.Stderr = &c.log, &c.log
	return c, c.start()
}

func (c *child) start() error {
	c.ended = make(chan struct{})
	if err := c.command.Start(); err != nil {
		return err
	}
	go func() {
		defer close(c.ended)
		_ = c.command.Wait() // it is told to end, and says so
	}()
	return nil
}

// stop ends the process in order, or else at once.
func (c *child) stop() {
	_ = c.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.ended:
	case <-time.After(patience):
		_ = c.command.Process.Kill()
		<-c.ended
	}
}

// await looks until something is there, or the process has ended.
func (c *child) await(ctx context.Context, what string, there func() bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if there() {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("%s ended before %s: %s", c.command.Path, what, &c.log)
		default:
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: no %s within %v: %s", c.command.Path, what, patience, &c.log)
}

// tail is the end of what a process prints.
type tail struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

const mostTail = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - mostTail; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

// freeAddress returns an address of the loopback on which nothing listens now.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
