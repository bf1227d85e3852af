package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
)

// fixture is a gateway over graphs whose every score a test can work out.
type fixture struct {
	*gateway
	base string // address of the public listener
}

// tree writes files, by path, below a new directory and returns it.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// graph returns one of the graphs beside backends/onnx.
func graph(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "backends", "onnx", "testdata", name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// composeFixture composes a gateway from files: features.yaml and models/. fill
// puts rows into its store.
func composeFixture(t testing.TB, files map[string]string, change func(*config.Config), fill func(*features.Builder) error) *gateway {
	t.Helper()
	dir := tree(t, files)
	cfg, err := config.ForDirectories(filepath.Join(dir, "models"), dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = config.Listen{HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"}
	change(&cfg)
	g, err := compose(cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), filledBy(fill))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.close)
	return g
}

// buildFixture is composeFixture with everything loaded.
func buildFixture(t testing.TB, files map[string]string, change func(*config.Config), fill func(*features.Builder) error) *gateway {
	t.Helper()
	g := composeFixture(t, files, change, fill)
	if err := g.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

// start serves g until the test ends, then drains it.
func start(t testing.TB, g *gateway) *fixture {
	t.Helper()
	if err := g.listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- g.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return &fixture{gateway: g, base: "http://" + g.public.Addr().String()}
}

// ranking is a decoded answer.
type ranking struct {
	ID       string         `json:"id"`
	Model    string         `json:"model"`
	Version  string         `json:"version"`
	Variant  string         `json:"variant"`
	Items    []scored       `json:"items"`
	Degraded bool           `json:"degraded"`
	Coverage map[string]int `json:"coverage"`
}

type scored struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
}

// rank posts body and decodes the answer, which must be a 200.
func (f *fixture) rank(t testing.TB, path, body string) (ranking, http.Header) {
	t.Helper()
	res, err := http.Post(f.base+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %s, %v", body, res.StatusCode, content, err)
	}
	var r ranking
	if err := json.Unmarshal(content, &r); err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	return r, res.Header
}

// arithmetic is a repository of two models of which every score is known:
// "sum" = 10000·user + item + context.shift + request.boost, and "towers" =
// 1000·user + item, in which the user's vector is given once per request.
func arithmetic(t testing.TB) map[string]string {
	return map[string]string{
		"features.yaml": `
entities: {user: {type: string}, item: {type: string}}
views:
  user_stats: {entities: [user], columns: {tens: float32, tower: "float32[3]"}}
  item_stats: {entities: [item], columns: {number: float32, tower: "float32[3]"}}
`,
		"models/sum/model.yaml": `
inputs: {dense: {columns: [user_stats.tens, item_stats.number, context.shift, request.boost]}}
score: sum
fallback: -1
`,
		"models/sum/1/model.onnx": graph(t, "sum"),
		"models/towers/model.yaml": `
inputs:
  user: {columns: [user_stats.tower], per: request, row_index: row}
  item: {columns: [item_stats.tower]}
score: dot
fallback: -1
`,
		"models/towers/1/model.onnx": graph(t, "towers"),
	}
}

const (
	arithmeticUsers = 50
	arithmeticItems = 2000
)

func fillArithmetic(b *features.Builder) error {
	for u := range arithmeticUsers {
		if err := b.Add("user_stats", []string{fmt.Sprint(u)}, float32(10000*u), []float32{1000 * float32(u), 1, 0}); err != nil {
			return err
		}
	}
	for i := range arithmeticItems {
		if err := b.Add("item_stats", []string{fmt.Sprint(i)}, float32(i), []float32{1, float32(i), 7}); err != nil {
			return err
		}
	}
	return nil
}

func startArithmetic(t testing.TB, change func(*config.Config)) *fixture {
	t.Helper()
	return start(t, buildFixture(t, arithmetic(t), func(cfg *config.Config) {
		cfg.Models.Default = "sum"
		cfg.Edge.Drain.Wait, cfg.Edge.Drain.Linger = 0, 50*time.Millisecond
		change(cfg)
	}, fillArithmetic))
}

// body makes a request for the given items.
func body(user int, items []int, rest string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"user":%d,"items":[`, user)
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%d"`, item)
	}
	fmt.Fprintf(&b, `]%s}`, rest)
	return b.String()
}
