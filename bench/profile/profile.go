// Package profile takes the profiles of a gateway under load, and says what they come
// to by request.
package profile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"github.com/rankgate/rankgate/bench/gateway"
)

// Kind is one of the profiles.
type Kind struct {
	Name  string // of the file, before .pprof
	Text  string
	Unit  string // of a figure, by request
	path  string // below /debug/pprof/
	value string // which of the profile's values counts
	scale float64

	contention bool
}

// Kinds are the profiles that are taken.
var Kinds = []Kind{
	{"cpu", "processor time", "µs", "profile", "cpu", 1e-3, false},
	{"allocs", "bytes allocated", "B", "allocs", "alloc_space", 1, false},
	{"mutex", "waiting for locks", "µs", "mutex", "delay", 1e-3, true},
	{"block", "waiting for locks, channels and timers", "µs", "block", "delay", 1e-3, true},
}

// Take takes all profiles from an admin listener, each over the same length of time,
// and writes them into dir. They are in the order of Kinds. Those of contention come
// after the others, whose figures the noting of contention would be part of.
func Take(ctx context.Context, admin, dir string, length time.Duration) ([]*profile.Profile, error) {
	taken, errs := make([]*profile.Profile, len(Kinds)), make([]error, len(Kinds))
	for _, contention := range []bool{false, true} {
		var wg sync.WaitGroup
		for i := range Kinds {
			if Kinds[i].contention == contention {
				wg.Go(func() { taken[i], errs[i] = Kinds[i].take(ctx, admin, dir, length) })
			}
		}
		wg.Wait()
	}
	return taken, errors.Join(errs...)
}

// CPU takes the profile of the processor alone.
func CPU(ctx context.Context, admin string, length time.Duration) (*profile.Profile, error) {
	content, err := Kinds[0].fetch(ctx, admin, length)
	if err != nil {
		return nil, err
	}
	return profile.ParseData(content)
}

func (k *Kind) take(ctx context.Context, admin, dir string, length time.Duration) (*profile.Profile, error) {
	content, err := k.fetch(ctx, admin, length)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, k.Name+".pprof"), content, 0o600); err != nil {
		return nil, err
	}
	return profile.ParseData(content)
}

func (k *Kind) fetch(ctx context.Context, admin string, length time.Duration) ([]byte, error) {
	url := fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%d", admin, k.path, max(1, int(length.Seconds())))
	return gateway.Fetch(ctx, http.MethodGet, url, nil)
}
