package oiptest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rankgate/rankgate/childtest"
)

// Process is a real model server, of another make. It ends with the test.
type Process struct {
	HTTP string // address, host:port
	GRPC string

	command *exec.Cmd
	ended   chan struct{} // closed when the command has ended
	log     childtest.Output
}

// patience is how long a server may take to start or to end on a machine that is busy.
const patience = 2 * time.Minute

// start starts what command makes for two addresses, and waits until it is ready. If
// someone takes a port first, it takes others.
func start(tb testing.TB, command func(overHTTP, overGRPC string) *exec.Cmd) *Process {
	tb.Helper()
	var err error
	for range 3 {
		p := &Process{HTTP: childtest.FreeAddress(tb), GRPC: childtest.FreeAddress(tb)}
		p.command = command(p.HTTP, p.GRPC)
		if err = p.run(); err == nil {
			tb.Cleanup(p.stop)
			return p
		}
		p.stop()
	}
	tb.Fatal(err)
	return nil
}

func (p *Process) run() error {
	p.ended = make(chan struct{})
	p.command.Stdout, p.command.Stderr = &p.log, &p.log
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it has children, which end with it
	if err := p.command.Start(); err != nil {
		close(p.ended)
		return err
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // it is told to end, and says so
	}()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if p.ready() {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %s", p.command.Path, p.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s was not ready within %v: %s", p.command.Path, patience, p.log.String())
}

func (p *Process) ready() bool {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+p.HTTP+"/v2/health/ready", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the server in order, for it has shared memory to give back, or else at
// once.
func (p *Process) stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
	}
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// signal tells the server and its children.
func (p *Process) signal(signal syscall.Signal) {
	if p.command.Process != nil {
		_ = syscall.Kill(-p.command.Process.Pid, signal) // there may be none any more
	}
}

// Environment returns the Python environment of a requirements file, whose path begins
// at the repository's root, and its site-packages.
func Environment(tb testing.TB, requirements string) (venv, packages string) {
	tb.Helper()
	root := repository(tb)
	var complaint bytes.Buffer
	maker := filepath.Join(root, "scripts/venv.sh")
	script := exec.CommandContext(tb.Context(), maker, filepath.Join(root, requirements)) //nolint:gosec // our own
	// Triton's stub is not for the pythons that people build.
	script.Env = append(os.Environ(), "PYTHON=/usr/bin/python3")
	script.Stderr = &complaint
	path, err := script.Output()
	venv = strings.TrimSpace(string(path))
	found, _ := filepath.Glob(venv + "/lib/python3.*/site-packages")
	if err != nil || len(found) != 1 {
		tb.Fatalf("no Python environment (%v): run %q: %s", err, "scripts/venv.sh "+requirements, &complaint)
	}
	return venv, found[0]
}

// repository returns the directory that this module is in.
func repository(tb testing.TB) string {
	tb.Helper()
	directory, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; directory != "/"; directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "scripts/venv.sh")); err == nil {
			return directory
		}
	}
	tb.Fatal("scripts/venv.sh is in no directory above: run the tests from the repository")
	return ""
}
