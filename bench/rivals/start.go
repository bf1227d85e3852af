package rivals

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rankgate/rankgate/bench/process"
)

// Running is a rival that serves.
type Running struct {
	*process.Child

	URL string // of the server, http://host:port
}

// Start starts the rival and waits until it is ready; it serves until it is stopped,
// also when ctx has ended. One that does not answer the questions as ONNX Runtime itself
// does is stopped again, and is an error.
func (r *Rival) Start(ctx context.Context, cfg *Config, questions ...*Question) (*Running, error) {
	running, err := r.start(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	for _, q := range questions {
		if err := q.Check(ctx, running.URL); err != nil {
			running.Stop()
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return running, nil
}

func (r *Rival) start(ctx context.Context, cfg *Config) (*Running, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	command, err := r.kind.command(ctx, cfg, address)
	if err != nil {
		return nil, err
	}
	// Whoever kills a process when ctx ends leaves its workers behind; Stop ends them too.
	child, err := process.Start(context.WithoutCancel(ctx), command[0], command[1:]...)
	if err != nil {
		return nil, err
	}
	running := &Running{Child: child, URL: "http://" + address}
	healthy := func() bool { return isHealthy(ctx, running.URL+"/healthz") }
	if err := child.Await(ctx, "ready", healthy); err != nil {
		running.Stop()
		return nil, err
	}
	return running, nil
}

func isHealthy(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
