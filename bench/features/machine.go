package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// describe says what ran where, in lines of Markdown.
func describe(ctx context.Context, command string) []string {
	commit := output(ctx, "git", "rev-parse", "--short", "HEAD")
	if output(ctx, "git", "status", "--porcelain") != "" {
		commit += " with changes"
	}
	return []string{
		fmt.Sprintf("- machine: %s, %d logical processors, %s", processor(), runtime.NumCPU(), output(ctx, "uname", "-srm")),
		"- commit: " + commit,
		"- command: `" + command + "`",
		"- date: " + time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		fmt.Sprintf("- versions: %s, Redis %s, rueidis %s, go-redis %s", runtime.Version(), serverVersion(ctx),
			version("github.com/redis/rueidis"), version("github.com/redis/go-redis/v9")),
	}
}

// processor is its name, where the system tells it.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

func serverVersion(ctx context.Context) string {
	for word := range strings.FieldsSeq(output(ctx, serverProgram, "--version")) {
		if v, ok := strings.CutPrefix(word, "v="); ok {
			return v
		}
	}
	return "?"
}

// version is that of a module that this program was built with.
func version(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == module {
				return dep.Version
			}
		}
	}
	return "?"
}

// output is what a program prints, "" if it can't be run.
func output(ctx context.Context, name string, args ...string) string {
	out, _ := exec.CommandContext(ctx, name, args...).Output() //nolint:gosec // fixed names; the page says what it can
	return string(bytes.TrimSpace(out))
}
