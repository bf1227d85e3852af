package rivals

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// goProgram is the name of a directory that has a program.
type goProgram string

func (g goProgram) binary(cfg *Config) string { return filepath.Join(cfg.Scratch, "rival-"+string(g)) }

func (g goProgram) command(ctx context.Context, cfg *Config, address string) ([]string, error) {
	//nolint:gosec // our own sources
	build := exec.CommandContext(ctx, "go", "build", "-o", g.binary(cfg), "./"+string(g))
	build.Dir = cfg.Sources
	if words, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, words)
	}
	return []string{
		"env", contract.LibraryVariable + "=" + cfg.Library, g.binary(cfg),
		"-listen", address, "-redis", cfg.Redis, "-model", cfg.Model, "-input", cfg.Input, "-output", cfg.Output,
		"-width", strconv.Itoa(cfg.Width), "-user-width", strconv.Itoa(cfg.UserWidth),
	}, nil
}

func (g goProgram) versions(_ context.Context, cfg *Config, parts []string) ([]string, error) {
	info, err := buildinfo.ReadFile(g.binary(cfg))
	if err != nil {
		return nil, err
	}
	of := map[string]string{}
	for _, module := range info.Deps {
		of[module.Path] = module.Version
	}
	versions := []string{info.GoVersion}
	for _, part := range parts {
		versions = append(versions, part+" "+of[part])
	}
	return versions, nil
}
