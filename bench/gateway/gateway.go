// Package gateway builds and starts gateways for the benches, each from a gateway.yaml
// of its own.
package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/bench/process"
)

// Root is the directory of the gateway's module.
func Root(ctx context.Context) (string, error) {
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/rankgate/rankgate").Output()
	if err != nil {
		return "", fmt.Errorf("the gateway's module is not here (go list: %w): run make bench, or this in bench/", err)
	}
	return string(bytes.TrimSpace(dir)), nil
}

// Build builds the gateway's program from the module in root into dir and returns its
// path.
func Build(ctx context.Context, root, dir string) (string, error) {
	binary := filepath.Join(dir, "gateway")
	//nolint:gosec // our own program
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "grpcnotrace", "-o", binary, "./cmd/gateway")
	build.Dir = root
	if words, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", build, err, words)
	}
	return binary, nil
}

// Sections are those of gateway.yaml by their names, each in YAML's flow style. Of
// "listen" it is what follows the addresses, without the braces.
type Sections map[string]string

// Gateway is a running gateway.
type Gateway struct {
	*process.Child
	HTTP, Admin string // addresses, host:port
	Config      string // path of its gateway.yaml

	binary string
}

// Start writes gateway.yaml into a directory that holds whatever it names, and starts
// a gateway on free ports of the loopback.
func Start(ctx context.Context, binary, dir string, sections Sections) (*Gateway, error) {
	g := &Gateway{binary: binary, Config: filepath.Join(dir, "gateway.yaml")}
	var err error
	if g.HTTP, err = process.FreeAddress(); err != nil {
		return nil, err
	}
	if g.Admin, err = process.FreeAddress(); err != nil {
		return nil, err
	}
	all := maps.Clone(sections)
	all["listen"] = fmt.Sprintf("{http: %q, admin: %q, %s}", g.HTTP, g.Admin, sections["listen"])
	if err := WriteConfig(g.Config, all); err != nil {
		return nil, err
	}
	return g, g.Serve(ctx)
}

// WriteConfig writes a gateway.yaml.
func WriteConfig(path string, sections Sections) error {
	var yaml strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		fmt.Fprintf(&yaml, "%s: %s\n", name, sections[name])
	}
	return os.WriteFile(path, []byte(yaml.String()), 0o600)
}

// Serve starts the gateway, again if it has been stopped, and waits until it is ready.
func (g *Gateway) Serve(ctx context.Context) error {
	var err error
	if g.Child, err = process.Start(ctx, g.binary, "serve", "-c", g.Config); err != nil {
		return err
	}
	if err := g.Await(ctx, "ready", func() bool { return IsReady(g.HTTP) }); err != nil {
		g.Stop()
		return err
	}
	return nil
}

// URL is where the gateway is.
func (g *Gateway) URL() string { return "http://" + g.HTTP }

// IsReady asks a server that listens at address whether it is ready.
func IsReady(address string) bool {
	res, err := http.Get("http://" + address + "/readyz") //nolint:noctx // the loopback
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Fetch asks a server and returns what it answers; a status other than 200 is an error.
// A body is JSON.
func Fetch(ctx context.Context, method, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %.200s", method, url, answer.Status, content)
	}
	return content, err
}

// Metric returns the sum of the series of a name, or of those with certain labels: as
// name{label="value"}, with as many as wanted.
func (g *Gateway) Metric(series string) (float64, error) {
	res, err := http.Get("http://" + g.Admin + "/metrics") //nolint:noctx // as above
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	name, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
	sum := 0.0
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		its, value, _ := strings.Cut(lines.Text(), " ")
		itsName, itsLabels, _ := strings.Cut(strings.TrimSuffix(its, "}"), "{")
		if itsName != name || !contains(itsLabels, labels) {
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

func contains(all, some string) bool {
	for label := range strings.SplitSeq(some, ",") {
		if label != "" && !slices.Contains(strings.Split(all, ","), label) {
			return false
		}
	}
	return true
}
