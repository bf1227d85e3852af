// Package report writes pages of Markdown: what ran where, tables, and figures with
// as many digits as are of interest.
package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rankgate/rankgate/bench/result"
)

// About says what ran where. modules are paths of modules whose versions count.
func About(ctx context.Context, command string, modules ...string) result.About {
	commit := output(ctx, "git", "rev-parse", "--short", "HEAD")
	if output(ctx, "git", "status", "--porcelain") != "" {
		commit += " with changes"
	}
	versions := []string{runtime.Version(), "Redis " + redisVersion(ctx)}
	for _, m := range modules {
		versions = append(versions, nameOf(m)+" "+version(m))
	}
	return result.About{
		Machine: processor() + ", " + output(ctx, "uname", "-srm"), Processors: runtime.NumCPU(),
		Commit: commit, Command: command, Date: time.Now().UTC().Format(time.RFC3339), Versions: versions,
	}
}

// Machine says what ran where, in lines of Markdown.
func Machine(ctx context.Context, command string, modules ...string) []string {
	a := About(ctx, command, modules...)
	return []string{
		fmt.Sprintf("- machine: %s, %d logical processors", a.Machine, a.Processors),
		"- commit: " + a.Commit,
		"- command: `" + a.Command + "`",
		"- date: " + a.Date,
		"- versions: " + strings.Join(a.Versions, ", "),
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

func redisVersion(ctx context.Context) string {
	for word := range strings.FieldsSeq(output(ctx, "redis-server", "--version")) {
		if v, ok := strings.CutPrefix(word, "v="); ok {
			return v
		}
	}
	return "?"
}

// majorVersion is the last element of the path of a module of version 2 or more.
var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// nameOf is what people call a module.
func nameOf(module string) string {
	if majorVersion.MatchString(path.Base(module)) {
		module = path.Dir(module)
	}
	return path.Base(module)
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
