package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"

	"github.com/rankgate/rankgate/bench/gateway"
)

// usual is what every gateway here has, unless a scenario says otherwise. The score
// cache is off, so that every request is work.
var usual = gateway.Sections{
	"log":      "{level: error}",
	"budget":   "{default: 100ms, max: 5s}",
	"cache":    "{size: 0}",
	"drain":    "{wait: 0s, linger: 20ms, finish: 5s}",
	"features": "{registry: features.yaml}",
	"models":   "{default: sum}",
}

// newGateway writes the files of a gateway and starts it.
func (s *session) newGateway(ctx context.Context, change gateway.Sections) (*gateway.Gateway, error) {
	dir, err := os.MkdirTemp(s.dir, "gateway-")
	if err != nil {
		return nil, err
	}
	all := maps.Clone(usual)
	maps.Copy(all, change)
	if err := write(dir, s.repository(all)); err != nil {
		return nil, err
	}
	return gateway.Start(ctx, s.binary, dir, all)
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
