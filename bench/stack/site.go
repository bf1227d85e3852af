// Package stack starts what the bench measures: gateways, and the floors beneath them.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rankgate/rankgate/bench/gateway"
	"github.com/rankgate/rankgate/bench/rivals/contract"
	"github.com/rankgate/rankgate/bench/workload"
)

// Site is what the stacks of one run share.
type Site struct {
	Root    string // directory of the gateway's module
	Self    string // path of this program, which is the floors too
	Dir     string // scratch, gone after Close
	Gateway string // path of the gateway's program
	Library string // of ONNX Runtime

	worlds map[*workload.Graph]string // directories with the files of a graph
}

// requirements makes a Python that can run trees.py.
const requirements = "examples/movielens/requirements.txt"

// NewSite builds the gateway.
func NewSite(ctx context.Context) (*Site, error) {
	s := &Site{Library: os.Getenv(contract.LibraryVariable), worlds: map[*workload.Graph]string{}}
	if s.Library == "" {
		return nil, errors.New(contract.LibraryVariable + " is not set: run make bench, or set it to what scripts/onnxruntime.sh prints")
	}
	var err error
	if s.Root, err = gateway.Root(ctx); err != nil {
		return nil, err
	}
	if s.Self, err = os.Executable(); err != nil {
		return nil, err
	}
	if s.Dir, err = os.MkdirTemp("", "rankgate-bench-"); err != nil {
		return nil, err
	}
	if s.Gateway, err = gateway.Build(ctx, s.Root, s.Dir); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close removes what the site has written.
func (s *Site) Close() { _ = os.RemoveAll(s.Dir) }

// World returns a directory with the files of a graph, see workload.Graph.WriteFiles.
func (s *Site) World(ctx context.Context, g *workload.Graph) (string, error) {
	if dir, ok := s.worlds[g]; ok {
		return dir, nil
	}
	dir := filepath.Join(s.Dir, g.Name)
	file, err := s.graphFile(ctx, g)
	if err != nil {
		return "", err
	}
	graph, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if err := g.WriteFiles(dir, graph); err != nil {
		return "", err
	}
	s.worlds[g] = dir
	return dir, nil
}

// graphFile returns the path of a graph, which may have to be made.
func (s *Site) graphFile(ctx context.Context, g *workload.Graph) (string, error) {
	if !g.Made {
		return filepath.Join(s.Root, g.File), nil
	}
	made := filepath.Join(s.Dir, g.Name+".onnx")
	venv, err := s.venv(ctx, requirements)
	if err != nil {
		return "", err
	}
	_, err = output(exec.CommandContext(ctx, filepath.Join(venv, "bin/python"), filepath.Join(s.Root, "bench/workload/trees.py"), made))
	return made, err
}

// venv returns a directory with a Python environment of those requirements, a path
// seen from the gateway's module. The first time it is made, which takes a while.
func (s *Site) venv(ctx context.Context, requirements string) (string, error) {
	script := exec.CommandContext(ctx, "scripts/venv.sh", requirements)
	script.Dir = s.Root
	return output(script)
}

func output(c *exec.Cmd) (string, error) {
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s: %w: %s", c, err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
