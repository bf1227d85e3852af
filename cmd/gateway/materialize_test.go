package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features/redis/redistest"
)

const shopYAML = `entities: {item: {type: int64}, user: {type: string}}
views:
  item_stats:
    entities: [item]
    source: items.csv
    event_time: at
    columns: {price: {type: float32, default: mean}}
  user_stats:
    entities: [user]
    source: users
    columns: {age: {type: float32}}
`

// shopFiles writes a configuration of a server, a registry and its sources, and
// returns the directory.
func shopFiles(t *testing.T, addr string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"gateway.yaml":       "features: {registry: data/features.yaml, store: {redis: {addresses: [\"" + addr + "\"]}}}\n",
		"data/features.yaml": shopYAML,
		"data/items.csv":     "item,price,at\n1,2.5,2026-01-01\n2,,2026-01-02\n1,3.5,2026-01-02\n",
		"data/users/a.csv":   "user,age\nann,30\n",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// materialized runs the command and returns what it prints.
func materialized(dir string, args ...string) (string, error) {
	var out bytes.Buffer
	c := materializeCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetOut(&out)
	c.SetArgs(append([]string{"-c", filepath.Join(dir, "gateway.yaml"), "--no-progress"}, args...))
	err := c.ExecuteContext(context.Background())
	return out.String(), err
}

func TestMaterializeFillsRedisAndWritesABaseline(t *testing.T) {
	server := redistest.Start(t)
	dir := shopFiles(t, server.Addr)
	const want = `item_stats: read 3, stored 2, older 1, expired 0; nulls 1, not finite 0; newest event 2026-01-02T00:00:00Z
user_stats: read 1, stored 1, older 0, expired 0; nulls 0, not finite 0; newest event none
`
	rehearsed, err := materialized(dir, "--dry-run")
	if err != nil || rehearsed != strings.ReplaceAll(want, "\n", " (dry run: nothing was written)\n") {
		t.Errorf("dry run: %v\n%s", err, rehearsed)
	}
	out, err := materialized(dir, "--baseline", filepath.Join(dir, "baseline.json"), "--checkpoint", filepath.Join(dir, "checkpoint.json"))
	if err != nil || out != want {
		t.Errorf("%v\n%s", err, out)
	}
	baseline, err := os.ReadFile(filepath.Join(dir, "baseline.json"))
	if err != nil || !strings.Contains(string(baseline), `"price":{"nulls":1,"mean":3.5}`) {
		t.Errorf("%s, %v", baseline, err)
	}
	out, err = materialized(dir, "--view", "user_stats", "--from", filepath.Join(dir, "data", "users", "a.csv"))
	if err != nil || !strings.HasPrefix(out, "user_stats: read 1, stored 1,") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestMaterializeTellsMistakesByTheirExitCode(t *testing.T) {
	server := redistest.Start(t)
	dir := shopFiles(t, server.Addr)
	file := filepath.Join(dir, "gateway.yaml")
	for name, test := range map[string]struct {
		gateway string
		args    []string
		want    int
	}{
		"no file":         {"", []string{}, exitUsage},
		"no rows":         {"", []string{"-c", file, "--batch", "0"}, exitUsage},
		"dry checkpoint":  {"", []string{"-c", file, "--dry-run", "--checkpoint", "x"}, exitUsage},
		"another view":    {"", []string{"-c", file, "--view", "x"}, exitUsage},
		"two views":       {"", []string{"-c", file, "--from", dir}, exitUsage},
		"no store":        {"features: {registry: data/features.yaml}", []string{"-c", file}, exitInvalid},
		"no registry":     {"listen: {}", []string{"-c", file}, exitInvalid},
		"no such file":    {"", []string{"-c", filepath.Join(dir, "x.yaml")}, exitInvalid},
		"no such server":  {"features: {registry: data/features.yaml, store: {redis: {addresses: [\"127.0.0.1:1\"]}}}", []string{"-c", file}, exitFailure},
		"no project":      {"features: {registry: data/features.yaml, store: {redis: {addresses: [\"" + server.Addr + "\"], layout: feast}}}", []string{"-c", file}, exitInvalid},
		"all that it was": {"", []string{"-c", file, "--no-progress"}, exitOK},
	} {
		text := test.gateway
		if text == "" {
			text = "features: {registry: data/features.yaml, store: {redis: {addresses: [\"" + server.Addr + "\"]}}}"
		}
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := run(append([]string{"materialize"}, test.args...)); got != test.want {
			t.Errorf("%s: exit code %d; want %d", name, got, test.want)
		}
	}
}

func TestMaterializeNamesTheLineOfAMissingSource(t *testing.T) {
	server := redistest.Start(t)
	dir := shopFiles(t, server.Addr)
	if err := os.RemoveAll(filepath.Join(dir, "data", "users")); err != nil {
		t.Fatal(err)
	}
	_, err := materialized(dir)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "data", "features.yaml")+":10:13: views.user_stats.source: stat ") {
		t.Error(err)
	}
}
