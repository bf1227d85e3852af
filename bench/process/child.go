// Package process has what the benches need of processes of their own: to start and to
// end them, and to see what they use.
package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Child is a process of ours.
type Child struct {
	In  io.WriteCloser // its standard input, if StartPiped started it
	Out io.ReadCloser  // its standard output, likewise

	command *exec.Cmd
	log     tail
	ended   chan struct{} // closed when the process has ended
}

// Patience is how long a child may take to start or to end on a machine that is busy.
const Patience = 30 * time.Second

const (
	look   = 10 * time.Millisecond // between two looks
	orphan = time.Second           // that children of a child may hold on to its output when it has ended
)

// Start starts a process that is killed when ctx ends.
func Start(ctx context.Context, program string, args ...string) (*Child, error) {
	c := prepare(ctx, program, args)
	c.command.Stdout = &c.log
	return c, c.start()
}

// StartPiped starts a process that is killed when ctx ends, and whose standard input and
// output are In and Out.
func StartPiped(ctx context.Context, program string, args ...string) (*Child, error) {
	c := prepare(ctx, program, args)
	var err error
	if c.In, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	// Not StdoutPipe, which closes when the process ends, whatever is still to be read.
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	c.Out, c.command.Stdout = read, write
	if err := c.start(); err != nil {
		read.Close()
		return nil, err
	}
	return c, nil
}

func prepare(ctx context.Context, program string, args []string) *Child {
	c := &Child{command: exec.CommandContext(ctx, program, args...), ended: make(chan struct{})} //nolint:gosec // whatever a bench names
	c.command.Stderr, c.command.WaitDelay = &c.log, orphan
	return c
}

func (c *Child) start() error {
	if err := c.command.Start(); err != nil {
		return err
	}
	go func() {
		defer close(c.ended)
		_ = c.command.Wait() // it is told to end, and says so
	}()
	return nil
}

// Stop ends the process in order, or else at once, with its descendants.
func (c *Child) Stop() {
	_ = c.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.ended:
	case <-time.After(Patience):
		kill(Tree(c.PID()))
		<-c.ended
	}
	if c.Out != nil {
		c.Out.Close()
	}
}

func kill(pids []int) {
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill() // it may have ended
		}
	}
}

// Await looks until something is there. It fails if ctx or the process ends, or
// Patience does.
func (c *Child) Await(ctx context.Context, what string, there func() bool) error {
	looks := time.NewTicker(look)
	defer looks.Stop()
	for end := time.Now().Add(Patience); time.Now().Before(end); {
		if there() {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("%s ended before %s: %s", c.command.Path, what, &c.log)
		case <-ctx.Done():
			return ctx.Err()
		case <-looks.C:
		}
	}
	return fmt.Errorf("%s: no %s within %v: %s", c.command.Path, what, Patience, &c.log)
}

// PID is the process's number.
func (c *Child) PID() int { return c.command.Process.Pid }

// Log is the end of what the process has printed, of StartPiped on its standard error.
func (c *Child) Log() string { return c.log.String() }
