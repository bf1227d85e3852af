package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/bench/process"
)

// gateway is a running gateway.
type gateway struct {
	*process.Child
	http, admin string // addresses
	dir         string // with its gateway.yaml
	binary      string
}

// sections are those of gateway.yaml by their names, each in YAML's flow style.
type sections map[string]string

// usual is what every gateway here has, unless a scenario says otherwise. The score
// cache is off, so that every request is work.
var usual = sections{
	"log":      "{level: error}",
	"budget":   "{default: 100ms, max: 5s}",
	"cache":    "{size: 0}",
	"drain":    "{wait: 0s, linger: 20ms, finish: 5s}",
	"features": "{registry: features.yaml}",
	"models":   "{default: sum}",
}

// newGateway writes the files of a gateway and starts it.
func (s *session) newGateway(ctx context.Context, change sections) (*gateway, error) {
	g := &gateway{binary: s.binary}
	var err error
	if g.dir, err = os.MkdirTemp(s.dir, "gateway-"); err != nil {
		return nil, err
	}
	if g.http, err = process.FreeAddress(); err != nil {
		return nil, err
	}
	if g.admin, err = process.FreeAddress(); err != nil {
		return nil, err
	}
	all := maps.Clone(usual)
	maps.Copy(all, change)
	all["listen"] = fmt.Sprintf("{http: %q, admin: %q}", g.http, g.admin)
	var yaml strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&yaml, "%s: %s\n", name, all[name])
	}
	files := s.repository(all)
	files["gateway.yaml"] = yaml.String()
	if err := write(g.dir, files); err != nil {
		return nil, err
	}
	return g, g.serve(ctx)
}

// serve starts the gateway and waits until it is ready.
func (g *gateway) serve(ctx context.Context) error {
	var err error
	if g.Child, err = process.Start(ctx, g.binary, "serve", "-c", filepath.Join(g.dir, "gateway.yaml")); err != nil {
		return err
	}
	if err := g.Await(ctx, "ready", func() bool { return isReady(g.http) }); err != nil {
		g.Stop()
		return err
	}
	return nil
}

// url is where rankings are asked for.
func (g *gateway) url() string { return "http://" + g.http + "/rank" }

func isReady(address string) bool {
	res, err := http.Get("http://" + address + "/readyz") //nolint:noctx // the loopback; the session's children end with it
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// metric returns the sum of the series of that name.
func (g *gateway) metric(name string) (float64, error) {
	res, err := http.Get("http://" + g.admin + "/metrics") //nolint:noctx // as above
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if its, _, _ := strings.Cut(series, "{"); its != name {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", lines.Text(), err)
		}
		sum += v
	}
	return sum, lines.Err()
}

// write writes files, by path, below a directory.
func write(dir string, files map[string]string) error {
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // scratch
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
